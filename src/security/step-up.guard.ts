import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { policyFor } from './route-policy.js';
import { requireStepUp } from './step-up.js';

/** Was this person asked lately, and strongly enough? Refuses with 401 `step_up_required`, naming what is needed (RFC 9470 section 3). */
@Injectable()
export class StepUpGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { stepUp } = policyFor(context);
    if (!stepUp) return true;
    const [{ credential }] = context.getArgs<[FastifyRequest]>();
    if (!credential) throw new Error('no guard has authenticated this request');
    requireStepUp(credential, stepUp);
    return true;
  }
}
