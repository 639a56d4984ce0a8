const READER = ['data:read', 'profile:read', 'sessions:read', 'sessions:write'] as const;
const USER = [
  'data:read',
  'data:write',
  'data:restricted',
  'profile:read',
  'profile:write',
  'keys:read',
  'keys:write',
  'clients:read',
  'clients:write',
  'sessions:read',
  'sessions:write',
] as const;
const AUDITOR = [
  'profile:read',
  'profile:write',
  'sessions:read',
  'sessions:write',
  'users:read',
  'audit:read',
] as const;

/** What each role may do. Ownership is not in it: no role widens whose rows one sees, but that administrators manage every OAuth client. */
const roleScopes = {
  reader: READER,
  user: USER,
  auditor: AUDITOR,
  admin: [...new Set([...READER, ...USER, ...AUDITOR, 'users:write'] as const)],
} as const;

export type Role = keyof typeof roleScopes;
export type Scope = (typeof roleScopes)[Role][number];

export const roles = Object.keys(roleScopes) as Role[];
export const scopes: readonly Scope[] = roleScopes.admin;

/** What OpenID Connect calls scopes: what a client learns of a person, and for how long. None opens a route here. */
export const identityScopes = ['openid', 'profile', 'email', 'offline_access'] as const;
export type IdentityScope = (typeof identityScopes)[number];

/** What a client can do on its own. The rest is about a person: who they are, where they are signed in, what they let in. */
const IMPERSONAL: ReadonlySet<string> = new Set<Scope>([
  'data:read',
  'data:write',
  'data:restricted',
  'users:read',
  'audit:read',
  'clients:read',
]);
const API: ReadonlySet<string> = new Set(scopes);
const IDENTITY: ReadonlySet<string> = new Set(identityScopes);

export const isScope = (text: string): text is Scope => API.has(text);
export const isImpersonal = (scope: string): boolean => IMPERSONAL.has(scope);
export const isIdentityScope = (text: string): text is IdentityScope => IDENTITY.has(text);

/** Every scope of some roles, in the order of the table. Unknown roles give nothing. */
export function scopesOf(held: readonly string[]): Set<Scope> {
  return new Set(roles.filter((role) => held.includes(role)).flatMap((role) => [...roleScopes[role]]));
}

/** The scopes of a credential that its owner holds right now. */
export function heldScopes(granted: readonly string[], ownerRoles: readonly string[]): Set<Scope> {
  return scopesOf(ownerRoles).intersection(new Set<string>(granted));
}
