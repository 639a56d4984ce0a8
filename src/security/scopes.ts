const READER = ['data:read', 'profile:read', 'sessions:read', 'sessions:write'] as const;
const USER = [
  'data:read',
  'data:write',
  'data:restricted',
  'profile:read',
  'profile:write',
  'keys:read',
  'keys:write',
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

/** What each role may do. Ownership is not in it: no role widens whose rows one sees. */
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

const known = new Map<string, ReadonlySet<Scope>>();

/** Every scope of some roles, in the order of the table. Unknown roles give nothing. */
export function scopesOf(held: readonly string[]): ReadonlySet<Scope> {
  const real = roles.filter((role) => held.includes(role));
  // There are as many as there are sets of roles.
  const name = real.join(' ');
  let all = known.get(name);
  if (!all) known.set(name, (all = new Set(real.flatMap((role) => [...roleScopes[role]]))));
  return all;
}

/** The scopes of a credential that its owner holds right now. */
export function heldScopes(granted: readonly string[], ownerRoles: readonly string[]): Set<Scope> {
  return scopesOf(ownerRoles).intersection(new Set<string>(granted));
}
