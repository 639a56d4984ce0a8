import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { databaseUrl, type TestRoles, urlAs } from './template.js';

const DRAIN_MS = 3000;
const POLL_MS = 20;

/** A migrated database of one test file's own. */
export interface TestDatabase {
  /** As the application connects: with a role that may do no more than serve. An empty database has but its administrator. */
  readonly url: string;
  /** As whoever made the database connects. */
  readonly adminUrl: string;
  /** Runs a statement as the administrator. */
  query<T extends object>(sql: string, values?: unknown[]): Promise<T[]>;
  drop(): Promise<void>;
}

/** Clones the template, or makes an empty database. */
export async function createDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const serverUrl = inject('adminUrl');
  const roles = empty ? null : inject('roles');
  const name = `rampart_test_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name} ${empty ? '' : `TEMPLATE ${inject('template')}`}`);
  if (roles) await admin.query(admission(name, roles));
  const adminUrl = databaseUrl(serverUrl, name);
  const pool = new pg.Pool({ connectionString: adminUrl, max: 2 });
  return {
    url: roles ? urlAs(adminUrl, roles.application) : adminUrl,
    adminUrl,
    query: async <T extends object>(sql: string, values: unknown[] = []) => (await pool.query<T>(sql, values)).rows,
    async drop() {
      await pool.end();
      await drained(admin, name);
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

/** Who may connect is no part of what a clone takes over. */
const admission = (name: string, { owner, application }: TestRoles): string =>
  `REVOKE ALL ON DATABASE ${name} FROM PUBLIC; GRANT CONNECT ON DATABASE ${name} TO ${owner.name}, ${application.name}`;

/** Pools say they have ended before their sockets have, and a forced drop would reach those as an error of nobody's. */
async function drained(admin: pg.Client, name: string): Promise<void> {
  for (const deadline = performance.now() + DRAIN_MS; performance.now() < deadline; await wait(POLL_MS)) {
    const { rows } = await admin.query('SELECT 1 FROM pg_stat_activity WHERE datname = $1', [name]);
    if (rows.length === 0) return;
  }
}
