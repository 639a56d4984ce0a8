import { Reflector } from '@nestjs/core';
import type { Role, Scope } from './scopes.js';
import type { StepUp } from './step-up.js';

const PublicRoute = Reflector.createDecorator<true>();

/** No credential is asked for. The only alternative to `@RequireScopes()`. */
export const Public = () => PublicRoute(true);

/** Every one of these scopes, of the credential and of its owner. */
export const RequiredScopes = Reflector.createDecorator<readonly Scope[]>();
export const RequireScopes = (first: Scope, ...rest: Scope[]) => RequiredScopes([first, ...rest]);

/** One of these roles, besides the scopes. */
export const RequiredRoles = Reflector.createDecorator<readonly Role[]>();
export const RequireRoles = (first: Role, ...rest: Role[]) => RequiredRoles([first, ...rest]);

const FirstPartyRoute = Reflector.createDecorator<true>();

/** A session of the person: neither keys nor grants, besides the scopes. */
export const FirstParty = () => FirstPartyRoute(true);

/** A fresh and strong authentication, besides the first party (RFC 9470). */
export const RequireStepUp = Reflector.createDecorator<StepUp>();

export const declarations = { PublicRoute, RequiredScopes, RequiredRoles, FirstPartyRoute, RequireStepUp };
