import pg from 'pg';
import { MIGRATION_LOCK } from './migrate.js';
import { applyPrivileges, defaultPrivileges, excessOf, type Run } from './privileges.js';
import { scramVerifier } from './scram.js';

/** A role to make; without a password it keeps the one it has. */
export interface RoleSpec {
  readonly name: string;
  readonly password: string | undefined;
}

/** These roles cannot be made as asked: a sentence for the administrator. */
export class RolesError extends Error {}

const INSUFFICIENT_PRIVILEGE = '42501';
const IS_POWERFUL = 'rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls';

/**
 * Makes the role that owns the schema and the role that serves requests in the database of this connection, or brings them back
 * to what they should be: all of it or nothing. Throws RolesError.
 */
export async function makeRoles(client: pg.Client, owner: RoleSpec, application: RoleSpec): Promise<void> {
  const run: Run = async (sql, values) => (await client.query<object>(sql, values)).rows;
  await client.query('BEGIN');
  try {
    // The same lock as migrations: both write the privileges of tables.
    await run('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await requireAdministrator(run);
    for (const role of [owner, application]) await provideRole(run, role);
    await asMember(run, owner.name, async (role) => {
      await takeDatabase(run, application.name);
      await openDatabase(run, owner.name, application.name);
      await takeObjects(run, owner.name);
      await run(`SET LOCAL ROLE ${role}`);
      await run(defaultPrivileges(application.name));
      await applyPrivileges(run);
      await run('RESET ROLE');
    });
    const excess = await excessOf(run, application.name);
    if (excess.length > 0) throw new RolesError(`the role ${application.name} ${excess.join(', ')}`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    const { code, message } = error as { code?: string; message: string };
    if (code !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new RolesError(`the administrator may not do this: ${message}`, { cause: error });
  }
}

/** The names among these that are roles already. */
export async function existingRoles(client: pg.Client, names: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT rolname AS name FROM pg_roles WHERE rolname = ANY ($1)',
    [names],
  );
  return new Set(rows.map(({ name }) => name));
}

/** A GRANT by whoever owns nothing of it is a warning, and no error. */
async function requireAdministrator(run: Run): Promise<void> {
  const [mine] = (await run(
    `SELECT pg_has_role(current_user, datdba, 'MEMBER') AS owned FROM pg_database WHERE datname = current_database()`,
  )) as { owned: boolean }[];
  if (!mine?.owned) throw new RolesError('the administrator is no superuser and does not own the database');
}

/** A role with power over more than its tables is somebody's: it is not turned into ours without a word. */
async function provideRole(run: Run, { name, password }: RoleSpec): Promise<void> {
  const role = pg.escapeIdentifier(name);
  const [found] = (await run(
    `SELECT ${IS_POWERFUL} AS powerful, rolname = current_user AS self FROM pg_roles WHERE rolname = $1`,
    [name],
  )) as { powerful: boolean; self: boolean }[];
  if (found?.powerful || found?.self) throw new RolesError(`the role ${name} exists and is an administrator`);
  // A new role has no attribute but those that are named.
  if (!found) await run(`CREATE ROLE ${role}`);
  // The verifier, so that the password is in no log of the server either.
  const secret = password === undefined ? '' : ` PASSWORD ${pg.escapeLiteral(await scramVerifier(password))}`;
  await run(`ALTER ROLE ${role} LOGIN${secret}`);
}

/** Whoever owns the database may let itself in everywhere: an application that does loses it to the administrator. */
async function takeDatabase(run: Run, application: string): Promise<void> {
  const [database] = (await run(
    'SELECT datname AS name FROM pg_database WHERE datname = current_database() AND datdba = $1::regrole',
    [pg.escapeIdentifier(application)],
  )) as { name: string }[];
  if (database) await run(`ALTER DATABASE ${pg.escapeIdentifier(database.name)} OWNER TO CURRENT_USER`);
}

/**
 * What others own in the schema, from the time of one role for everything, becomes the owner's: a function that acts in the name of
 * its owner (SECURITY DEFINER) too, which must be that of the tables.
 */
async function takeObjects(run: Run, owner: string): Promise<void> {
  const role = pg.escapeIdentifier(owner);
  const foreign = (await run(
    `SELECT format('TABLE %s', c.oid::regclass) AS object FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relowner <> $1::regrole
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
     UNION ALL SELECT format('ROUTINE %s', p.oid::regprocedure) FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> $1::regrole
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`,
    [role],
  )) as { object: string }[];
  if (foreign.length > 0) await run(foreign.map(({ object }) => `ALTER ${object} OWNER TO ${role}`).join(';'));
}

/** Who may connect and who may create: nobody but these two, whatever PUBLIC was given. */
async function openDatabase(run: Run, owner: string, application: string): Promise<void> {
  const [{ name }] = (await run('SELECT current_database() AS name')) as [{ name: string }];
  const database = pg.escapeIdentifier(name);
  const [own, app] = [owner, application].map((role) => pg.escapeIdentifier(role));
  await run(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${app};
    GRANT CONNECT ON DATABASE ${database} TO ${own}, ${app};
    REVOKE ALL ON SCHEMA public FROM PUBLIC, ${app};
    GRANT USAGE, CREATE ON SCHEMA public TO ${own};
    GRANT USAGE ON SCHEMA public TO ${app}`);
}

/** An administrator who is no superuser has to be a member of a role to act for it, and is no longer than that takes. */
async function asMember(run: Run, name: string, work: (role: string) => Promise<void>): Promise<void> {
  const role = pg.escapeIdentifier(name);
  const [{ superuser }] = (await run('SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user')) as [
    { superuser: boolean },
  ];
  if (!superuser) await run(`GRANT ${role} TO CURRENT_USER`);
  await work(role);
  if (!superuser) await run(`REVOKE ${role} FROM CURRENT_USER`);
}
