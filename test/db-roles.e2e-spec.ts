import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { asUser } from './support/callers.js';
import { failedWith, runScript } from './support/command.js';
import { createDatabase } from './support/database.js';
import { aKey, aRecord } from './support/factories.js';
import { startApp } from './support/app.js';
import { startInstance } from './support/process.js';
import { productionSettings } from './support/production.js';
import { lacksRoles } from './support/programs.js';
import { asRole, dropRoles, grantsOf, newRole, rolesDatabase, type RolesDatabase } from './support/roles.js';
import { urlAs } from './support/template.js';

const INSUFFICIENT_PRIVILEGE = '42501';
const WRONG_PASSWORD = '28P01';

let made: RolesDatabase;
beforeAll(async () => {
  made = await rolesDatabase();
});
afterAll(() => made.drop());

/** Whose the tables and functions are. */
const ownersIn = async ({ db }: RolesDatabase) => {
  const rows = await db.query<{ owner: string }>(
    `SELECT relowner::regrole::text AS owner FROM pg_class WHERE relnamespace = 'public'::regnamespace
     UNION SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
  );
  return rows.map(({ owner }) => owner);
};

describe.skipIf(lacksRoles())('npm run db:roles', () => {
  it('makes a database that an owner migrates and an application serves from', async () => {
    const { code, stdout, stderr } = await runScript('db-roles', [], made.settings);
    const { owner, application } = made.roles;
    expect([code, stdout, stderr]).toEqual([0, `${owner.name} made\n${application.name} made\n`, '']);
    // The application migrates with the owner's connection as it starts.
    const app = await startApp(made.settings);
    const user = await asUser(app);
    const { headers } = await user.call('POST', '/api/v1/data', { json: aRecord() });
    expect((await user.call('GET', headers.get('location') ?? '')).status).toBe(200);
    expect((await user.call('POST', '/api/v1/api-keys', { json: aKey() })).status).toBe(201);
    await app.stop();
    expect(await ownersIn(made)).toEqual([owner.name]);
  });

  it('changes nothing when it runs again, whatever is migrated in between', async () => {
    expect((await made.migrate()).stdout).toBe('nothing to apply\n');
    const before = await grantsOf(made);
    expect((await made.dbRoles()).stdout).toBe(`${made.roles.owner.name} kept\n${made.roles.application.name} kept\n`);
    expect(await grantsOf(made)).toEqual(before);
    await made.migrate();
    expect(await grantsOf(made)).toEqual(before);
    expect(await asRole(made.settings.DATABASE_URL, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('lets a role in with the password that was given last, and with no other', async () => {
    const { application } = made.roles;
    const rotated = urlAs(made.db.adminUrl, { ...application, password: newRole('x').password });
    await made.dbRoles({ DATABASE_URL: rotated });
    expect(await asRole(rotated, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await asRole(made.settings.DATABASE_URL, 'SELECT 1')).toBe(WRONG_PASSWORD);
    await made.dbRoles();
    expect(await asRole(made.settings.DATABASE_URL, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('shows a password that nobody gave, once', async () => {
    const other = await rolesDatabase();
    const bare = (url: string) => Object.assign(new URL(url), { password: '' }).href;
    const { DATABASE_URL, MIGRATION_DATABASE_URL } = other.settings;
    const changes = { DATABASE_URL: bare(DATABASE_URL), MIGRATION_DATABASE_URL: bare(MIGRATION_DATABASE_URL) };
    const { stdout } = await other.dbRoles(changes);
    const shown = Object.fromEntries([...stdout.matchAll(/^(\w+_URL)=(.*)$/gm)].map(([, name, url]) => [name, url]));
    expect(Object.keys(shown)).toEqual(['MIGRATION_DATABASE_URL', 'DATABASE_URL']);
    expect((await other.migrate(shown)).code).toBe(0);
    expect(await asRole(shown['DATABASE_URL'] ?? '', 'SELECT * FROM records')).toEqual([]);
    const { owner, application } = other.roles;
    expect((await other.dbRoles(changes)).stdout).toBe(`${owner.name} kept\n${application.name} kept\n`);
    await other.drop();
  });
});

describe.skipIf(lacksRoles())('a database in which one role did everything', () => {
  it('is taken over with its rows', async () => {
    const other = await rolesDatabase();
    expect((await other.migrate({ DATABASE_URL: other.db.adminUrl, MIGRATION_DATABASE_URL: '' })).code).toBe(0);
    await other.db.query(`INSERT INTO revocations (subject) VALUES (gen_random_uuid())`);
    expect((await other.dbRoles()).code).toBe(0);
    expect(await ownersIn(other)).toEqual([other.roles.owner.name]);
    expect(await asRole(other.settings.DATABASE_URL, 'SELECT count(*)::int AS n FROM revocations')).toEqual([{ n: 1 }]);
    expect((await other.migrate()).stdout).toBe('nothing to apply\n');
    await other.drop();
  });

  it('is no more the property of the application', async () => {
    const other = await rolesDatabase();
    const { name, password } = other.roles.application;
    const database = new URL(other.db.adminUrl).pathname.slice(1);
    await other.db.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
    await other.db.query(`GRANT ${name} TO CURRENT_USER; ALTER DATABASE ${database} OWNER TO ${name}`);
    expect((await other.migrate({ MIGRATION_DATABASE_URL: '' })).code).toBe(0);
    expect((await other.dbRoles()).stderr).toBe('');
    expect(await asRole(other.settings.DATABASE_URL, 'CREATE TABLE mine ()')).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await asRole(other.settings.DATABASE_URL, 'DELETE FROM audit_events')).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await ownersIn(other)).toEqual([other.roles.owner.name]);
    // What triggers do in the owner's name they still may.
    const person = `INSERT INTO users (id, email, email_key, roles, status) VALUES (gen_random_uuid(), 'a', 'a', '{user}', 'active')`;
    for (const sql of [person, 'DELETE FROM users']) {
      expect(await asRole(other.settings.DATABASE_URL, `${sql} RETURNING email`)).toEqual([{ email: 'a' }]);
    }
    expect(await other.db.query('SELECT 1 FROM subjects')).toEqual([]);
    await other.drop();
  });
});

describe.skipIf(lacksRoles())('an administrator who is no superuser', () => {
  it('needs CREATEROLE and the database, and becomes no member of what it makes', async () => {
    const other = await rolesDatabase();
    const admin = newRole('admin');
    const database = new URL(other.db.adminUrl).pathname.slice(1);
    const ROLES_DATABASE_URL = urlAs(other.db.adminUrl, admin);
    await other.db.query(`CREATE ROLE ${admin.name} LOGIN PASSWORD '${admin.password}'`);
    expect(await other.dbRoles({ ROLES_DATABASE_URL })).toEqual(
      failedWith('the administrator is no superuser and does not own the database'),
    );
    await other.db.query(`GRANT ${admin.name} TO CURRENT_USER; ALTER DATABASE ${database} OWNER TO ${admin.name}`);
    expect(await other.dbRoles({ ROLES_DATABASE_URL })).toEqual(
      failedWith('the administrator may not do this: permission denied to create role'),
    );
    await other.db.query(`ALTER ROLE ${admin.name} CREATEROLE`);
    expect((await other.dbRoles({ ROLES_DATABASE_URL })).stderr).toBe('');
    expect((await other.dbRoles({ ROLES_DATABASE_URL })).stderr).toBe('');
    expect((await other.migrate()).code).toBe(0);
    expect(await asRole(other.settings.DATABASE_URL, 'SELECT * FROM records')).toEqual([]);
    expect(await asRole(ROLES_DATABASE_URL, 'SELECT * FROM records')).toBe(INSUFFICIENT_PRIVILEGE);
    await other.drop();
    await dropRoles(other.db, [admin.name]);
  });
});

describe.skipIf(lacksRoles())('what cannot be done is said in one line, and nothing is made', () => {
  const named = (changes: object) => Object.assign(new URL(made.settings.DATABASE_URL), changes).href;
  const admin = () => ({ username: new URL(made.db.adminUrl).username });

  it.each<[string, () => NodeJS.ProcessEnv, RegExp]>([
    ['no administrator', () => ({ ROLES_DATABASE_URL: '' }), /^ROLES_DATABASE_URL is missing \(/],
    ['no URL', () => ({ ROLES_DATABASE_URL: 'hush-hush' }), /^ROLES_DATABASE_URL must be a URL such as /],
    [
      'another password',
      () => ({ ROLES_DATABASE_URL: Object.assign(new URL(made.db.adminUrl), { password: 'hush-hush' }).href }),
      /^ROLES_DATABASE_URL: the database refuses this user or password$/,
    ],
    [
      'one role for both',
      () => ({ DATABASE_URL: made.settings.MIGRATION_DATABASE_URL }),
      /^MIGRATION_DATABASE_URL names the same role as DATABASE_URL$/,
    ],
    [
      'another database',
      () => ({ DATABASE_URL: named({ pathname: '/postgres' }) }),
      /^DATABASE_URL names another database than ROLES_DATABASE_URL$/,
    ],
    [
      'a reserved name',
      () => ({ DATABASE_URL: named({ username: 'pg_x' }) }),
      /^DATABASE_URL names no role that can be made$/,
    ],
    ['no name', () => ({ DATABASE_URL: named({ username: '' }) }), /^DATABASE_URL names no role that can be made$/],
    [
      'a short password',
      () => ({ DATABASE_URL: named({ password: 'hush-hush' }) }),
      /^DATABASE_URL needs a password of 16 /,
    ],
    [
      'the administrator as application',
      () => ({ DATABASE_URL: named(admin()) }),
      /^the role \w+ exists and is an administrator$/,
    ],
    [
      'a remote server in clear in production',
      () => ({ NODE_ENV: 'production', ROLES_DATABASE_URL: 'postgres://a:hush-hush@db.example.com/d' }),
      /^ROLES_DATABASE_URL is remote and needs sslmode=verify-full in production$/,
    ],
  ])('with %s', async (_, changes, line) => {
    const before = await grantsOf(made);
    const { code, stdout, stderr } = await made.dbRoles(changes());
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^rampart: .+\n$/);
    expect(stderr.slice('rampart: '.length, -1)).toMatch(line);
    expect(stderr).not.toContain('hush-hush');
    expect(await grantsOf(made)).toEqual(before);
  });

  it('with an application that is a member of another role', async () => {
    await made.db.query(`GRANT ${made.roles.owner.name} TO ${made.roles.application.name}`);
    const { stderr } = await made.dbRoles();
    expect(stderr).toMatch(
      /^rampart: the role \w+ is a member of another role, may change the schema, may change what was audited\n$/,
    );
    await made.db.query(`REVOKE ${made.roles.owner.name} FROM ${made.roles.application.name}`);
  });
});

describe('a start in production', () => {
  const warning =
    /"level":40,.*the role of DATABASE_URL [^"]+\bmay change what was audited: see \\"npm run db:roles\\"/;

  it('warns of a role that may do more than serve, and of no other', async () => {
    const db = await createDatabase();
    const outputs: string[] = [];
    // Without a mail server it warns of that.
    const settings = { ...productionSettings(db), SMTP_URL: 'smtps://mail.example.com' };
    for (const url of [db.adminUrl, db.url]) {
      const instance = await startInstance({ ...settings, DATABASE_URL: url });
      expect((await instance.call('GET', '/health/ready')).status).toBe(200);
      outputs.push(instance.output());
      await instance.stop();
    }
    await db.drop();
    expect(outputs[0]).toMatch(warning);
    if (inject('roles')) expect(outputs[1]).not.toContain('"level":40');
  });
});
