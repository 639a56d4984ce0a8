import { connectionProblems } from './checks.js';
import { type Connection, connectionOf } from './database.config.js';
import { type Env, readVariables } from './env.js';

const NAMES = [
  'NODE_ENV',
  'DATABASE_URL',
  'DATABASE_PASSWORD',
  'DATABASE_CA_FILE',
  'MIGRATION_DATABASE_URL',
  'ROLES_DATABASE_URL',
] as const;
type Given = Pick<Env, (typeof NAMES)[number]>;

/** A role as its future URL names it, or what it is called unless there is one. */
export interface WantedRole {
  readonly setting: 'DATABASE_URL' | 'MIGRATION_DATABASE_URL';
  readonly name: string;
  /** Unless there is one, a new role needs one made. */
  readonly password: string | undefined;
}

/** What `npm run db:roles` works with. */
export interface RoleSettings {
  readonly admin: Connection;
  readonly owner: WantedRole;
  readonly application: WantedRole;
  /** The administrator's URL with another user. */
  readonly urlFor: (user: string, password: string) => string;
}

/** Reads the administrator's connection and the two to make, and no other secret. Throws SettingsError. */
export async function readRoles(): Promise<RoleSettings> {
  const env = await readVariables(NAMES, problemsOf);
  const url = env.ROLES_DATABASE_URL ?? '';
  return {
    admin: connectionOf(url, undefined, env.DATABASE_CA_FILE),
    ...wantedRoles(env),
    urlFor: (user, password) => url.replace(/^(postgres(?:ql)?:\/\/)(?:[^/]*@)?/, `$1${user}:${password}@`),
  };
}

function wantedRoles(env: Given): Pick<RoleSettings, 'owner' | 'application'> {
  return {
    owner: wanted('MIGRATION_DATABASE_URL', env.MIGRATION_DATABASE_URL, 'rampart_owner'),
    application: wanted('DATABASE_URL', env.DATABASE_URL, 'rampart_app', env.DATABASE_PASSWORD),
  };
}

function wanted(
  setting: WantedRole['setting'],
  url: string | undefined,
  fallback: string,
  secret?: string,
): WantedRole & { database?: string } {
  if (!url) return { setting, name: fallback, password: secret };
  const { user: name, password, database } = connectionOf(url, secret);
  return { setting, name, password, database };
}

function problemsOf(env: Given): string[] {
  if (!env.ROLES_DATABASE_URL) {
    return ["ROLES_DATABASE_URL is missing (an administrator's: postgres://user:password@host:5432/database)"];
  }
  const urls = NAMES.filter((name) => name.endsWith('_URL')).flatMap((name) => connectionProblems(env, name as never));
  return urls.length > 0 ? urls : roleProblems(env);
}

function roleProblems(env: Given): string[] {
  const { database } = connectionOf(env.ROLES_DATABASE_URL ?? '', undefined, env.DATABASE_CA_FILE);
  const roles: (WantedRole & { database?: string })[] = Object.values(wantedRoles(env));
  const problems = roles.flatMap((role) => {
    if (!/^(?!pg_)[A-Za-z_][\w$-]{0,62}$/.test(role.name)) return [`${role.setting} names no role that can be made`];
    if (role.database && role.database !== database) {
      return [`${role.setting} names another database than ROLES_DATABASE_URL`];
    }
    // In ASCII, because everything else is written in more than one way.
    return role.password === undefined || /^[\x21-\x7e]{16,200}$/.test(role.password)
      ? []
      : [`${role.setting} needs a password of 16 to 200 visible ASCII characters`];
  });
  const [owner, application] = roles;
  if (owner?.name === application?.name) problems.push('MIGRATION_DATABASE_URL names the same role as DATABASE_URL');
  return problems;
}
