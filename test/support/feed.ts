import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import pg from 'pg';
import { inject, type TestContext } from 'vitest';
import type { TestDatabase } from './database.js';
import { skips } from './programs.js';

/** The backends that serve the revocation feeds of a database, the oldest first: one an instance. */
export async function feedBackends(db: TestDatabase): Promise<number[]> {
  const rows = await db.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rampart-feed'
     ORDER BY backend_start`,
  );
  return rows.map(({ pid }) => pid);
}

/**
 * Skips the test where a backend cannot be stopped from here: in CI too on a server of another machine, and not where it is only that
 * this machine lacks what it takes.
 */
export async function skipUnlessFreezable(context: TestContext, db: TestDatabase, pid: number): Promise<void> {
  // Where the files are is told to few; to whom it is not, the server is another machine.
  const [server] = await db.query<{ folder: string; name: string }>(
    `SELECT setting AS folder, current_database() AS name FROM pg_settings WHERE name = 'data_directory'`,
  );
  if (!server || !existsSync(server.folder)) return context.skip('the database runs on another machine');
  const freezable = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)])
    .then(({ stdout }) => stdout.startsWith('postgres') && stdout.includes(server.name) && process.kill(pid, 0))
    .catch(() => false);
  if (skips(freezable ? null : 'the processes of the database cannot be signalled from here')) context.skip();
}

/** Stops a backend for as long as the work takes: to its client it is a server that neither answers nor hangs up. */
export async function whileFrozen<T>(db: TestDatabase, pid: number, work: () => Promise<T>): Promise<T> {
  try {
    process.kill(pid, 'SIGSTOP');
    // Stopped inside its heartbeat it would hold the lock of every NOTIFY of the cluster: another moment, then.
    while (await isBusy(db, pid)) {
      process.kill(pid, 'SIGCONT');
      process.kill(pid, 'SIGSTOP');
    }
    return await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** Hangs up on a feed, and lets no new connection in for as long as the work takes; the open ones of the pools stay. */
export async function whileCutOff<T>(db: TestDatabase, pid: number, work: () => Promise<T>): Promise<T> {
  const [{ name } = { name: '' }] = await db.query<{ name: string }>('SELECT current_database() AS name');
  const admin = new pg.Client({ connectionString: inject('adminUrl') });
  await admin.connect();
  try {
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await admin.query('SELECT pg_terminate_backend($1)', [pid]);
    return await work();
  } finally {
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await admin.end();
  }
}

async function isBusy(db: TestDatabase, pid: number): Promise<boolean> {
  const rows = await db.query(`SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'`, [pid]);
  return rows.length > 0;
}
