import type { ExecutionContext, Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { declarations } from './access.decorators.js';
import type { Role, Scope } from './scopes.js';
import type { StepUp } from './step-up.js';

/** What a route declares about access. */
export interface RoutePolicy {
  readonly isPublic: boolean;
  readonly scopes: readonly Scope[];
  readonly roles: readonly Role[];
  readonly firstParty: boolean;
  readonly stepUp: StepUp | null;
}

type Handler = (...args: never[]) => unknown;
const reflector = new Reflector();
const known = new WeakMap<Type, Map<Handler, RoutePolicy>>();

/**
 * The policy of a route: the handler's word before the class's.
 * Throws for a route that declares nothing, or both ways at once: nothing is allowed because somebody forgot.
 */
export function policyOf(controller: Type, handler: Handler): RoutePolicy {
  let policies = known.get(controller);
  if (!policies) known.set(controller, (policies = new Map()));
  let policy = policies.get(handler);
  if (!policy) policies.set(handler, (policy = readPolicy(controller, handler)));
  return policy;
}

/** The policy of the route a guard is asked about. */
export const policyFor = (context: ExecutionContext): RoutePolicy =>
  policyOf(context.getClass(), context.getHandler() as Handler);

function readPolicy(controller: Type, handler: Handler): RoutePolicy {
  const places = [handler, controller];
  const { PublicRoute, RequiredScopes, RequiredRoles, FirstPartyRoute, RequireStepUp } = declarations;
  const scopes = reflector.get(RequiredScopes, handler) ?? reflector.get(RequiredScopes, controller);
  const isPublic =
    reflector.get(PublicRoute, handler) ?? (scopes ? false : reflector.get(PublicRoute, controller)) ?? false;
  if (isPublic === Boolean(scopes?.length)) {
    throw new Error(`${controller.name}.${handler.name} must declare @Public() or @RequireScopes(), one of them`);
  }
  const firstParty = reflector.getAllAndOverride(FirstPartyRoute, places) ?? false;
  const stepUp = reflector.getAllAndOverride(RequireStepUp, places) ?? null;
  if (stepUp && !firstParty)
    throw new Error(`${controller.name}.${handler.name} asks a key to log in again: add @FirstParty()`);
  return {
    isPublic,
    scopes: scopes ?? [],
    roles: reflector.getAllAndOverride(RequiredRoles, places) ?? [],
    firstParty,
    stepUp,
  };
}
