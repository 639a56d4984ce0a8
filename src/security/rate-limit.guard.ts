import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { InjectThrottlerOptions, InjectThrottlerStorage, ThrottlerGuard } from '@nestjs/throttler';
import type { ThrottlerModuleOptions, ThrottlerStorage } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateLimits } from './rate-limits.js';

/**
 * Has this principal asked too often? The throttler's guard, with its windows counted in one step in place of one after
 * the other: there a later refusal has already spent the earlier windows. `@SkipThrottle()` has no effect.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly rateLimits: RateLimits,
  ) {
    super(options, storage, reflector);
  }

  /** A boolean in spite of its type where nothing is waited for: Nest makes four promises of a promise. */
  override canActivate(context: ExecutionContext): Promise<boolean> {
    const [request, reply] = context.getArgs<[FastifyRequest, FastifyReply]>();
    const pending = this.rateLimits.byPrincipal(request, reply, request.credential);
    return pending ? pending.then(() => true) : (true as never);
  }
}
