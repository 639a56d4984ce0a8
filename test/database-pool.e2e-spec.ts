import type { Socket } from 'node:net';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BoundedPool } from '../src/database/bounded-pool.js';
import { createDatabase, type TestDatabase } from './support/database.js';

const limits = { acquireMs: 1_000, lockMs: 1_000, statementMs: 1_000, requestMs: 1_500 };

let db: TestDatabase;
let pool: BoundedPool;

beforeAll(async () => {
  db = await createDatabase();
  pool = new BoundedPool({ connectionString: db.url, max: 1, limits });
});
afterAll(async () => {
  await pool.end();
  await db.drop();
});

const streamOf = (client: pg.ClientBase) => (client as unknown as { connection: { stream: Socket } }).connection.stream;

describe('a connection of the pool', () => {
  // A promise of it is kept a moment after the pool has stopped listening: an error that nobody hears would end the process.
  it('may break in the very moment in which it is given to somebody', async () => {
    const client = await pool.connect();
    client.release();
    const asked = pool.connect();
    streamOf(client).destroy(new Error('reset'));
    const broken = await asked;
    await expect(broken.query('SELECT 1')).rejects.toThrow(/terminated|not queryable|closed/);
    broken.release(true);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});
