const READER = ['data:read', 'profile:read', 'sessions:read', 'sessions:write'];
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
];
const AUDITOR = ['profile:read', 'profile:write', 'sessions:read', 'sessions:write', 'users:read', 'audit:read'];
const SCOPES: readonly (readonly [role: string, scopes: readonly string[]])[] = [
  ['reader', READER],
  ['user', USER],
  ['auditor', AUDITOR],
  ['admin', [...READER, ...USER, ...AUDITOR, 'users:write']],
];

/** What each role may do, in the order of the table. */
export const scopesOf = (roles: readonly string[]): Set<string> =>
  new Set(SCOPES.flatMap(([role, scopes]) => (roles.includes(role) ? scopes : [])));
