import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../errors/problem.js';
import { FIRST_PARTY_CLIENT } from './principal.js';
import { policyFor } from './route-policy.js';

/** May this kind of person? Refuses with 403 `role_required` or `first_party_required`. */
@Injectable()
export class RolesGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { isPublic, roles, firstParty } = policyFor(context);
    if (isPublic) return true;
    const [{ credential }] = context.getArgs<[FastifyRequest]>();
    if (firstParty && credential?.clientId !== FIRST_PARTY_CLIENT) throw new Problem('first_party_required');
    if (roles.length > 0 && !roles.some((role) => credential?.roles.includes(role))) throw new Problem('role_required');
    return true;
  }
}
