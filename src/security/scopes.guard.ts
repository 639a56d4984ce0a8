import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../errors/problem.js';
import type { Principal } from './principal.js';
import { policyFor } from './route-policy.js';

/** May this credential? Refuses with 403 `insufficient_scope`, naming what the route needs (RFC 6750 section 3.1). */
@Injectable()
export class ScopesGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { isPublic, scopes } = policyFor(context);
    if (isPublic) return true;
    const [{ credential }] = context.getArgs<[FastifyRequest]>();
    const held = credential?.scopes;
    for (const scope of scopes) if (!held?.has(scope)) throw insufficientScope(scopes);
    return true;
  }
}

/** The refusal for missing scopes; also for rules that depend on the record. */
export function insufficientScope(scopes: readonly string[]): Problem {
  const needed = scopes.join(' ');
  return new Problem('insufficient_scope', {
    detail: `The credential lacks a scope this needs: ${needed}.`,
    headers: { 'www-authenticate': `Bearer realm="rampart", error="insufficient_scope", scope="${needed}"` },
  });
}

/** Nobody grants what their credential does not hold at this moment. Throws 403 `scope_not_held`. */
export function requireHeld({ scopes: held }: Principal, wanted: Iterable<string>): void {
  const missing = [...wanted].filter((scope) => !held.has(scope));
  if (missing.length > 0) throw new Problem('scope_not_held', { detail: `You do not hold: ${missing.join(' ')}.` });
}
