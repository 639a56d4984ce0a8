import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type CommandResult, runCommand } from './command.js';
import { createDatabase, type TestDatabase } from './database.js';
import { testSettings } from './app.js';
import { roleSettings, type TestRoles } from './template.js';

/** A database of its own with the roles of its own that `npm run db:roles` makes. */
export interface RolesDatabase {
  readonly db: TestDatabase;
  readonly roles: TestRoles;
  /** The environment of every command: the administrator's connection, the owner's and the application's. */
  readonly settings: NodeJS.ProcessEnv & { DATABASE_URL: string; MIGRATION_DATABASE_URL: string };
  dbRoles(changes?: NodeJS.ProcessEnv): Promise<CommandResult>;
  migrate(changes?: NodeJS.ProcessEnv): Promise<CommandResult>;
  drop(): Promise<void>;
}

/** An empty database, and names that no role has. */
export async function rolesDatabase(): Promise<RolesDatabase> {
  const db = await createDatabase({ empty: true });
  const roles = { owner: newRole('owner'), application: newRole('app') };
  const settings = {
    ...testSettings,
    SECRET_KEY: randomBytes(32).toString('base64'),
    ...roleSettings(db.adminUrl, roles),
  };
  return {
    db,
    roles,
    settings,
    dbRoles: (changes = {}) => runCommand('db-roles', [], { ...settings, ...changes }),
    migrate: (changes = {}) => runCommand('migrate', [], { ...settings, ...changes }),
    async drop() {
      // What they were given elsewhere goes with the database.
      await db.drop();
      await dropRoles(db, [roles.owner.name, roles.application.name]);
    },
  };
}

/** Ends roles that own nothing any more, if they were made. */
export async function dropRoles({ adminUrl }: TestDatabase, names: readonly string[]): Promise<void> {
  const server = Object.assign(new URL(adminUrl), { pathname: '/postgres' }).href;
  await asRole(server, `DROP ROLE IF EXISTS ${names.join(', ')}`);
}

export const newRole = (what: string) => ({
  name: `rampart_${what}_${randomBytes(4).toString('hex')}`,
  password: randomBytes(16).toString('hex'),
});

/** Runs one statement over a connection of its own: what it answers, or the code it is refused with. */
export async function asRole(url: string, sql: string): Promise<object[] | string> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    const { rows } = await client.query<object>(sql);
    return rows;
  } catch (error) {
    return (error as { code?: string }).code ?? 'no code';
  } finally {
    await client.end();
  }
}

/** Everything the server knows of these roles and of what anybody may do in this database, but for passwords. */
export async function grantsOf({ db, roles }: RolesDatabase): Promise<string[]> {
  const names = [roles.owner.name, roles.application.name];
  const attributes = await db.query<object>('SELECT * FROM pg_roles WHERE rolname = ANY ($1) ORDER BY rolname', [
    names,
  ]);
  const memberships = await db.query<object>(
    'SELECT * FROM pg_auth_members WHERE roleid::regrole::text = ANY ($1) OR member::regrole::text = ANY ($1) ORDER BY oid',
    [names],
  );
  const acls = await db.query<object>(
    `SELECT datname AS what, datdba::regrole AS owner, datacl::text AS acl FROM pg_database WHERE datname = current_database()
     UNION ALL SELECT nspname, nspowner::regrole, nspacl::text FROM pg_namespace WHERE nspname = 'public'
     UNION ALL SELECT relname, relowner::regrole, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
     UNION ALL SELECT attrelid::regclass::text || '.' || attname, NULL, attacl::text FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid > 16383
     UNION ALL SELECT 'default ' || defaclobjtype::text, defaclrole::regrole, defaclacl::text FROM pg_default_acl ORDER BY 1`,
  );
  return [...attributes, ...memberships, ...acls].map((row) => JSON.stringify(row));
}
