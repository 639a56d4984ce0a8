import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressBucket, coarseBucket } from '../config/address.js';
import { limitsConfig } from '../config/limits.config.js';
import type { Limit } from '../config/limits.js';
import type { ConfigOf } from '../config/namespace.js';
import { Problem } from '../errors/problem.js';
import { RefusalStep } from '../errors/refusal-step.js';
import { CounterStorage, type Outcome, type Window, type WindowState } from './counter-storage.js';
import type { Credential } from './principal.js';
import { rateLimit, rateLimitPolicy } from './rate-limit-fields.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The windows this request was counted in, and whether both steps are done. */
    counted: { windows: readonly WindowState[]; complete: boolean } | null;
  }
}

const UNIT = new Map([
  [1, 'second'],
  [60, 'minute'],
  [3600, 'hour'],
  [86_400, 'day'],
]);

/**
 * Counts a request twice: by address before anything else, and by principal when it is known who asks or that nobody does.
 * Each step counts all its windows at once or none, and refuses with 429 `rate_limited`.
 */
@Injectable()
export class RateLimits extends RefusalStep {
  constructor(
    @Inject(limitsConfig.KEY) private readonly limits: ConfigOf<typeof limitsConfig>,
    private readonly storage: CounterStorage,
  ) {
    super();
  }

  /** Step one, for every request that parses as HTTP. */
  byAddress(request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
    request.counted = { windows: [], complete: false };
    const { sensitive, limits } = request.routeOptions?.config ?? {};
    const { ip } = request;
    const bucket = addressBucket(ip);
    const shared = () => coarseBucket(ip);
    const windows = windowsOf('address', bucket, this.limits.address, shared);
    if (sensitive) windows.push(...windowsOf('sensitive', bucket, this.limits.sensitive, shared));
    if (limits) {
      const route = `${request.method === 'HEAD' ? 'GET' : request.method} ${request.routeOptions.url}`;
      windows.push(...windowsOf('route', `${route} ${bucket}`, limits, () => `${route} ${shared()}`));
    }
    return this.count(request, reply, windows);
  }

  /** Step two: who asks, or that nobody does. Does nothing the second time. */
  byPrincipal(request: FastifyRequest, reply: FastifyReply, credential: Credential | null): void | Promise<void> {
    return this.second(request, reply, () => this.windowsFor(request, credential));
  }

  /** The same for an OAuth client that has proved who it is. */
  byClient(request: FastifyRequest, reply: FastifyReply, clientId: string): void | Promise<void> {
    return this.second(request, reply, () => windowsOf('client', clientId, this.limits.client));
  }

  /** The same where a secret was wrong that no route announced: nobody came out, and it counts among the guesses of its address. */
  byGuess(request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
    const { ip } = request;
    const guesses = () => windowsOf('sensitive', addressBucket(ip), this.limits.sensitive, () => coarseBucket(ip));
    return this.second(request, reply, () => [...this.windowsFor(request, null), ...guesses()]);
  }

  private second(request: FastifyRequest, reply: FastifyReply, windows: () => Window[]): void | Promise<void> {
    if (!request.counted || request.counted.complete) return;
    request.counted.complete = true;
    return this.count(request, reply, windows());
  }

  /** A refusal counts as anonymous where no principal came out, and 429 stands in for it when that is too much. */
  override settle(request: FastifyRequest, reply: FastifyReply, problem: Problem): Problem | Promise<Problem> {
    const instead = (error: unknown) => (error instanceof Problem ? error : problem);
    const second = () => this.byPrincipal(request, reply, request.credential);
    try {
      // The router refuses a bad URL before any hook: its first step is still due.
      const first = request.counted ? undefined : this.byAddress(request, reply);
      const pending = first ? first.then(second) : second();
      return pending ? pending.then(() => problem, instead) : problem;
    } catch (error) {
      return instead(error);
    }
  }

  private windowsFor(request: FastifyRequest, credential: Credential | null): Window[] {
    if (!credential) {
      if (request.routeOptions?.config?.addressLimitOnly) return [];
      const { ip } = request;
      return windowsOf('anonymous', addressBucket(ip), this.limits.anonymous, () => coarseBucket(ip));
    }
    const windows = windowsOf('principal', credential.subject, this.limits.principal);
    if (credential.limits.length > 0) windows.push(...windowsOf('key', credential.credentialId, credential.limits));
    return windows;
  }

  private count(request: FastifyRequest, reply: FastifyReply, windows: Window[]): void | Promise<void> {
    const outcome = this.storage.consume(windows);
    return outcome instanceof Promise
      ? outcome.then((settled) => this.apply(request, reply, settled))
      : this.apply(request, reply, outcome);
  }

  private apply(request: FastifyRequest, reply: FastifyReply, outcome: Outcome): void {
    const counted = request.counted ?? { windows: [], complete: true };
    counted.windows = counted.windows.length === 0 ? outcome.windows : counted.windows.concat(outcome.windows);
    if (!outcome.allowed) counted.complete = true;
    // Every answer comes after both steps, or after the one that refused.
    if (counted.complete && counted.windows.length > 0) {
      void reply.header('ratelimit-policy', rateLimitPolicy(counted.windows));
      void reply.header('ratelimit', rateLimit(counted.windows));
    }
    if (!outcome.allowed) throw new Problem('rate_limited', { retryAfter: outcome.retryAfterSeconds });
  }
}

/** A window per limit; several of one tier are told apart by their unit. */
function windowsOf(tier: string, key: string, limits: readonly Limit[], fallbackKey?: () => string): Window[] {
  return limits.map((limit) => {
    const name = limits.length === 1 ? tier : `${tier}-${UNIT.get(limit.seconds) ?? limit.seconds}`;
    return { name, key, fallbackKey, limit };
  });
}
