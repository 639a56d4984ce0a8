import type { IdentityScope, Scope } from '../security/scopes.js';

/**
 * What a person can let an unknown program do: be told who they are, and work on their records. Not what changes who gets into the
 * account, nor `data:restricted`, nor what only those have who look after others.
 */
const SCOPES: readonly (IdentityScope | Scope)[] = [
  'openid',
  'profile',
  'email',
  'offline_access',
  'profile:read',
  'data:read',
  'data:write',
];

export const SCOPES_FAULT = `Has to have one at least of ${SCOPES.join(' ')}.`;

/** Those of the asked that it can have, all of them where it asks for none; the answer says which (RFC 7591 section 3.2.1). */
export function grantableOf(scope: unknown): readonly string[] {
  if (scope === undefined) return SCOPES;
  const asked = new Set(typeof scope === 'string' ? scope.split(' ') : []);
  return SCOPES.filter((each) => asked.has(each));
}
