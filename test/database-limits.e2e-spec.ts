import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser } from './support/callers.js';
import { lacksRoles } from './support/programs.js';
import { asRole, type RolesDatabase, rolesDatabase } from './support/roles.js';

const INSUFFICIENT_PRIVILEGE = '42501';

let app: TestApp;
let other: RolesDatabase;
beforeAll(async () => {
  app = await startApp();
  await asUser(app);
  other = await rolesDatabase();
  await other.dbRoles();
  await other.migrate();
});
afterAll(async () => {
  await app.stop();
  await other.drop();
});

const { owner = '', application = '' } = Object.fromEntries(
  Object.entries(inject('roles') ?? {}).map(([what, { name }]) => [what, name]),
);

/** What whoever can make the application run a statement of theirs must not get done with it. */
const refused: readonly [what: string, sql: string][] = [
  ['make a table', 'CREATE TABLE mine (id int)'],
  ['make a temporary table', 'CREATE TEMP TABLE mine (id int)'],
  ['make a schema', 'CREATE SCHEMA mine'],
  ['make an index', 'CREATE INDEX mine ON records (name)'],
  ['make a function', `CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`],
  [
    'make a trigger',
    'CREATE TRIGGER mine BEFORE INSERT ON users EXECUTE FUNCTION suppress_redundant_updates_trigger()',
  ],
  ['make an extension', 'CREATE EXTENSION pgcrypto'],
  ['make a database', 'CREATE DATABASE mine'],
  ['make a role', 'CREATE ROLE mine'],
  ['change a table', 'ALTER TABLE users ADD COLUMN mine int'],
  ['drop a constraint', 'ALTER TABLE users DROP CONSTRAINT users_roles'],
  ['drop a table', 'DROP TABLE audit_events'],
  ['turn triggers off', 'ALTER TABLE audit_events DISABLE TRIGGER ALL'],
  ['skip triggers and references', 'SET session_replication_role = replica'],
  ['change what was audited', `UPDATE audit_events SET action = 'a'`],
  ['lock what was audited', 'SELECT 1 FROM audit_events FOR UPDATE'],
  ['delete what was audited', 'DELETE FROM audit_events'],
  ['empty what was audited', 'TRUNCATE audit_events'],
  ['empty a table', 'TRUNCATE records'],
  ['forget a migration', 'DELETE FROM migrations'],
  ['invent a migration', `INSERT INTO migrations (timestamp, name) VALUES (1, 'Mine1')`],
  ['give a record to somebody else', 'UPDATE records SET owner_id = owner_id'],
  ['give a key to somebody else', 'UPDATE api_keys SET owner_id = owner_id'],
  ['invent an owner', 'INSERT INTO subjects VALUES (gen_random_uuid())'],
  ['remove an owner', 'DELETE FROM subjects'],
  ['exchange the secret of a key', 'UPDATE api_key_secrets SET hash = hash'],
  ['give a client to somebody else', 'UPDATE oauth_clients SET owner_id = owner_id'],
  ['let a client act for itself', 'UPDATE oauth_clients SET grant_types = grant_types'],
  ['let a client pass for one that was checked', 'UPDATE oauth_clients SET registered = false'],
  ['exchange the secret of a client', 'UPDATE oauth_client_secrets SET hash = hash'],
  ['give a session to somebody else', 'UPDATE sessions SET user_id = user_id'],
  ['prolong a session past its end', 'UPDATE sessions SET expires_at = expires_at'],
  ['become somebody else', 'UPDATE users SET id = id'],
  ['exchange a signing key', 'UPDATE signing_keys SET public_jwk = public_jwk'],
  ['give an invitation to somebody else', 'UPDATE invitations SET user_id = user_id'],
  ['make a revocation that of somebody else', 'UPDATE revocations SET subject = subject'],
  ['exchange a refresh token', 'UPDATE refresh_tokens SET hash = hash'],
  ['act as the owner', `SET ROLE ${owner}`],
  ['log in as the owner', `SET SESSION AUTHORIZATION ${owner}`],
  ['give itself the owner', `GRANT ${owner} TO ${application}`],
  [
    'give itself what is not there yet',
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT ALL ON TABLES TO ${application}`,
  ],
  ['make itself a superuser', `ALTER ROLE ${application} SUPERUSER`],
  ['read the passwords of roles', 'SELECT * FROM pg_authid'],
  ['run a program', `COPY users TO PROGRAM 'cat'`],
  ['write a file', `COPY users TO '/tmp/mine'`],
  ['read a file', `SELECT pg_read_file('PG_VERSION')`],
  ['read a file into a large object', `SELECT lo_import('/etc/passwd')`],
  ['change the server', 'ALTER SYSTEM SET log_statement = none'],
  [
    'end the sessions of others',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user`,
  ],
];

describe.skipIf(lacksRoles())('the role that serves requests', () => {
  it('is the one that every test of a route runs with', async () => {
    const rows = await app.db.query<{ role: string }>(
      `SELECT DISTINCT usename::text AS role FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'rampart%'`,
    );
    expect(rows).toEqual([{ role: application }]);
  });

  it.each(refused)('may not %s', async (_, sql) => {
    expect(await asRole(app.db.url, sql)).toBe(INSUFFICIENT_PRIVILEGE);
  });

  it('gets into no other database that was made this way', async () => {
    const there = Object.assign(new URL(app.db.url), { pathname: new URL(other.db.adminUrl).pathname }).href;
    expect(await asRole(there, 'SELECT 1')).toBe(INSUFFICIENT_PRIVILEGE);
  });
});

describe.skipIf(lacksRoles())('a table of a later migration', () => {
  it('is the application to use and not to change, serial numbers included, before and after the next migration', async () => {
    const { DATABASE_URL, MIGRATION_DATABASE_URL } = other.settings;
    await asRole(
      MIGRATION_DATABASE_URL,
      'CREATE TABLE later (id int GENERATED BY DEFAULT AS IDENTITY, n serial, t text)',
    );
    for (const round of [1, 2]) {
      expect(await asRole(DATABASE_URL, `INSERT INTO later (t) VALUES ('a') RETURNING n`)).toEqual([{ n: round }]);
      expect(await asRole(DATABASE_URL, `UPDATE later SET t = 'b' RETURNING t`)).toEqual([{ t: 'b' }]);
      expect(await asRole(DATABASE_URL, 'DELETE FROM later RETURNING t')).toEqual([{ t: 'b' }]);
      expect(await asRole(DATABASE_URL, 'TRUNCATE later')).toBe(INSUFFICIENT_PRIVILEGE);
      expect(await asRole(DATABASE_URL, 'ALTER TABLE later ADD COLUMN mine int')).toBe(INSUFFICIENT_PRIVILEGE);
      await other.migrate();
    }
  });

  it('may add a column to a table in which others are fixed', async () => {
    const { DATABASE_URL, MIGRATION_DATABASE_URL } = other.settings;
    await asRole(MIGRATION_DATABASE_URL, 'ALTER TABLE records ADD COLUMN later int');
    await other.migrate();
    expect(await asRole(DATABASE_URL, 'UPDATE records SET later = 1')).toEqual([]);
    expect(await asRole(DATABASE_URL, 'UPDATE records SET id = id')).toBe(INSUFFICIENT_PRIVILEGE);
  });
});

describe.skipIf(lacksRoles())('a role for reports, which may read every new table', () => {
  it('is given no more by a migration', async () => {
    const { MIGRATION_DATABASE_URL } = other.settings;
    await asRole(
      MIGRATION_DATABASE_URL,
      'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor; CREATE TABLE reported (id int)',
    );
    await other.migrate();
    const may = `SELECT has_table_privilege('pg_monitor', 'reported', 'SELECT') AS read,
      has_table_privilege('pg_monitor', 'reported', 'INSERT, UPDATE, DELETE') AS write`;
    expect(await other.db.query(may)).toEqual([{ read: true, write: false }]);
  });
});
