import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import pg from 'pg';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A URL with CREATEDB, and the migrated database that every test file clones. */
    adminUrl: string;
    template: string;
    /** Who owns the tables and who serves, each with its password; null where the administrator may not make roles. */
    roles: TestRoles | null;
  }
}

export interface TestRoles {
  readonly owner: TestRole;
  readonly application: TestRole;
}

interface TestRole {
  readonly name: string;
  readonly password: string;
}

/** Migrates one template database for the whole run; each file gets a copy of it, which is a file copy for PostgreSQL. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const adminUrl = process.env.TEST_DATABASE_URL ?? process.env.DATABASE_URL;
  if (!adminUrl) throw new Error('start the tests with "npm test", or set DATABASE_URL to a PostgreSQL with CREATEDB');
  const run = randomBytes(4).toString('hex');
  const template = `rampart_template_${run}`;
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${template}`);
  const roles = (await mayMakeRoles(admin)) ? rolesOf(run) : null;
  await prepare(databaseUrl(adminUrl, template), roles);
  // A superuser is a member of every role; another administrator sees tables and connections of these two as one.
  if (roles) await admin.query(`GRANT ${roles.owner.name}, ${roles.application.name} TO CURRENT_USER`);
  project.provide('adminUrl', adminUrl);
  project.provide('template', template);
  project.provide('roles', roles);
  return async () => {
    await admin.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
    // Where a file has left its database, they are left too.
    const drop = roles && `DROP ROLE ${roles.owner.name}, ${roles.application.name}`;
    if (drop) await admin.query(drop).catch(() => undefined);
    await admin.end();
  };
}

async function mayMakeRoles(admin: pg.Client): Promise<boolean> {
  const { rows } = await admin.query(
    'SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolcreaterole)',
  );
  return rows.length > 0;
}

const rolesOf = (run: string): TestRoles => ({ owner: roleOf(`owner_${run}`), application: roleOf(`app_${run}`) });
const roleOf = (name: string): TestRole => ({ name: `rampart_${name}`, password: randomBytes(16).toString('hex') });

/** As an operator does it: the roles, then the migrations with the owner's. */
async function prepare(url: string, roles: TestRoles | null): Promise<void> {
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    SECRET_KEY: randomBytes(32).toString('base64'),
    ...(roles ? roleSettings(url, roles) : { DATABASE_URL: url }),
  };
  const run = (command: string) => promisify(execFile)(process.execPath, [`dist/cli/${command}.js`], { env });
  if (roles) await run('db-roles');
  await run('migrate');
}

/** The three connections to one database. */
export function roleSettings(url: string, { owner, application }: TestRoles) {
  return {
    ROLES_DATABASE_URL: url,
    MIGRATION_DATABASE_URL: urlAs(url, owner),
    DATABASE_URL: urlAs(url, application),
  };
}

/** The same database as another role. */
export const urlAs = (url: string, { name, password }: TestRole): string =>
  Object.assign(new URL(url), { username: name, password }).href;

/** The same server, another database. */
export function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}
