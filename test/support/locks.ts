import pg from 'pg';
import type { TestDatabase } from './database.js';
import { until } from '../../scripts/lib/until.mjs';

const DEADLINE_MS = 10_000;

/** Runs a statement in a transaction of its own and stays in it, with every lock, until released: undone unless committed. */
export async function hold({ adminUrl }: TestDatabase, sql: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: adminUrl });
  // A test that ends the server takes this connection with it.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN');
  await client.query(sql, values);
  return async (end: 'ROLLBACK' | 'COMMIT' = 'ROLLBACK'): Promise<void> => {
    await client.query(end);
    await client.end();
  };
}

/** The backends that wait for a lock, once there are so many of them. */
export async function waitingBackends(db: TestDatabase, count = 1, deadlineMs = DEADLINE_MS): Promise<number[]> {
  let pids: number[] = [];
  await until(async () => {
    const rows = await db.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    pids = rows.map(({ pid }) => pid);
    return pids.length >= count;
  }, deadlineMs);
  return pids;
}
