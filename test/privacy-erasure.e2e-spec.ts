import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Housekeeping } from '../src/database/housekeeping.js';
import { type Account, anAccount } from './support/account.js';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, type TestCaller } from './support/callers.js';
import { aPerson, aRecord } from './support/factories.js';
import type { Answer } from './support/http.js';
import { hold, waitingBackends } from './support/locks.js';
import { type Instance, startInstance } from './support/process.js';
import { dumpTables } from './support/tables.js';
import { until } from '../scripts/lib/until.mjs';

let app: TestApp;
let second: Instance;
let admin: TestCaller;
let me: Account;
let other: Account;

beforeAll(async () => {
  app = await startApp();
  second = await startInstance(app.settings);
  [admin, other] = [await asAdmin(app), await anAccount(app)];
});
beforeEach(async () => {
  me = await anAccount(app);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
});

/** Asks for the end of the account, and lets the grace period pass. */
async function makeDue({ call, id, password }: Account): Promise<void> {
  const { status } = await call('POST', '/api/v1/users/me/deletion', { json: { password } });
  if (status !== 202) throw new Error(`the deletion was answered with ${status}`);
  await app.db.query(`UPDATE users SET deletion_due_at = now() - interval '1 second' WHERE id = $1`, [id]);
}
const erase = () => app.nest.get(Housekeeping).run();

/** The tables with a row that has this text in any column. */
const holding = async (text: string) =>
  [...(await dumpTables(app.db))].flatMap(([name, rows]) => (rows.includes(text) ? name : [])).toSorted();
/** Rows by table, of those that are of this account in any column. */
async function countsOf({ id, username }: Account): Promise<Record<string, number>> {
  const lines = [...(await dumpTables(app.db))].map(([name, rows]) => [name, rows.split('\n')] as const);
  const mine = (row: string) => row.includes(id) || row.includes(username);
  return Object.fromEntries(lines.map(([name, rows]) => [name, rows.filter(mine).length]));
}
const deletions = ({ id }: Account) =>
  app.db.query<{ actor_kind: string }>(
    `SELECT actor_kind FROM audit_events WHERE target_id = $1 AND action = 'user.deleted'`,
    [id],
  );
const exists = async ({ id }: Account) => (await app.db.query('SELECT 1 FROM users WHERE id = $1', [id])).length > 0;

describe('an account whose grace period is over', () => {
  it('had rows in every table that can have some, and has none but the ids of audit and of revocations', async () => {
    const before = await countsOf(me);
    const owning =
      'api_keys audit_events idempotency_keys invitations oauth_clients passkeys passwords records sessions users';
    for (const table of owning.split(' ')) expect([table, (before[table] ?? 0) > 0]).toEqual([table, true]);
    const family = await app.db.query<{ hash: string }>(
      `SELECT encode(hash, 'hex') AS hash FROM refresh_tokens WHERE session_id = $1
       UNION ALL SELECT encode(hash, 'hex') FROM api_key_secrets WHERE key_id = $2`,
      [me.sessionId, me.key.id],
    );
    expect(family.length).toBeGreaterThanOrEqual(4);
    await makeDue(me);
    await erase();
    for (const text of [me.email, me.username, ...family.map(({ hash }) => hash)]) {
      expect([text, await holding(text)]).toEqual([text, []]);
    }
    expect(await holding(me.id)).toEqual(['audit_events', 'revocations']);
    for (const id of [me.sessionId, me.key.id, ...me.records]) {
      expect((await holding(id)).filter((name) => name !== 'audit_events' && name !== 'revocations')).toEqual([]);
    }
    expect(await deletions(me)).toEqual([{ actor_kind: 'system' }]);
    await app.db.query(`UPDATE revocations SET created_at = now() - interval '2 days'`);
    await erase();
    expect(await holding(me.id)).toEqual(['audit_events']);
  });

  it("leaves another's rows as they were", async () => {
    const before = await dumpTables(app.db);
    const others = (dump: Map<string, string>) =>
      [...dump].map(([name, rows]) => [name, rows.split('\n').filter((row) => row.includes(other.id))]);
    await makeDue(me);
    await erase();
    expect(others(await dumpTables(app.db))).toEqual(others(before));
    expect((await other.call('GET', `/api/v1/data/${other.records[0]}`)).status).toBe(200);
  });

  it('lets nobody in within a second, in another process too', async () => {
    const probes = [
      () => second.call('GET', '/api/v1/users/me', { token: me.token }),
      () => second.call('GET', '/api/v1/data', { key: me.secondKey }),
    ];
    for (const probe of probes) expect((await probe()).status).toBe(200);
    await makeDue(me);
    await erase();
    const since = performance.now();
    for (const probe of probes) await until(async () => (await probe()).status === 401, 1000, since);
    const { email, password } = me;
    expect((await second.call('POST', '/api/v1/auth/login', { json: { email, password } })).status).toBe(401);
    const json = { refresh_token: me.refreshToken };
    expect((await second.call('POST', '/api/v1/auth/refresh', { json })).status).toBe(401);
  });

  it('frees its address and its name', async () => {
    await makeDue(me);
    await erase();
    const { email, username } = me;
    await app.call('POST', '/api/v1/auth/register', { json: aPerson({ email, username }) });
    expect(await app.db.query('SELECT username FROM users WHERE email = $1', [email])).toEqual([{ username }]);
  });
});

describe('the erasure', () => {
  it('is one change, however many try: housekeeping and two administrators', async () => {
    await makeDue(me);
    const release = await hold(app.db, `SELECT pg_advisory_xact_lock(hashtextextended('administrators', 0))`);
    const path = `/api/v1/users/${me.id}`;
    const deleting = [admin.call('DELETE', path), second.call('DELETE', path, { token: admin.token })];
    await waitingBackends(app.db, 2);
    const erasing = erase();
    await waitingBackends(app.db, 3);
    await release();
    await erasing;
    expect((await Promise.all(deleting)).map(({ status }) => status).toSorted()).toEqual([204, 404]);
    expect(await deletions(me)).toHaveLength(1);
    expect(await exists(me)).toBe(false);
  });

  it('that is cut off half way has changed nothing, and the next one does it', async () => {
    await makeDue(me);
    const before = await countsOf(me);
    const release = await hold(app.db, 'SELECT 1 FROM records WHERE id = $1 FOR UPDATE', [me.records[0]]);
    const erasing = erase();
    const [pid] = await waitingBackends(app.db);
    await app.db.query('SELECT pg_terminate_backend($1)', [pid]);
    await erasing;
    await release();
    expect(await countsOf(me)).toEqual(before);
    expect((await me.call('GET', '/api/v1/users/me')).status).toBe(200);
    await erase();
    expect(await exists(me)).toBe(false);
  });

  it('goes on with the others when one account cannot go', async () => {
    const next = await anAccount(app);
    for (const account of [me, next]) await makeDue(account);
    await app.db.query(`UPDATE users SET deletion_due_at = now() - interval '1 hour' WHERE id = $1`, [me.id]);
    await app.db.query(`CREATE TABLE kept_back (user_id uuid REFERENCES users)`);
    await app.db.query('INSERT INTO kept_back VALUES ($1)', [me.id]);
    await erase();
    expect([await exists(me), await exists(next), await deletions(me)]).toEqual([true, false, []]);
    await app.db.query('DROP TABLE kept_back');
    await erase();
    expect(await exists(me)).toBe(false);
  });

  /** Writes a record while the deletion waits for what is held; then that goes on. */
  async function writeDuring(sql: string, values: unknown[], waiting: number): Promise<Answer> {
    const release = await hold(app.db, sql, values);
    const deleting = admin.call('DELETE', `/api/v1/users/${me.id}`);
    await waitingBackends(app.db, 1);
    const headers = { 'idempotency-key': 'too-late' };
    const writing = me.call('POST', '/api/v1/data', { json: aRecord({ name: 'too late' }), headers });
    await (waiting === 1 ? writing : waitingBackends(app.db, waiting));
    await release();
    expect((await deleting).status).toBe(204);
    return writing;
  }

  it('refuses with 409 what was being written for somebody who is gone', async () => {
    const { status, body } = await writeDuring('LOCK TABLE audit_events IN SHARE MODE', [], 2);
    expect([status, body.code]).toEqual([409, 'conflict']);
    for (const text of ['too late', 'too-late']) expect(await holding(text)).toEqual([]);
  });

  it('takes along what is written after it has begun, with the answer that was kept for it', async () => {
    // Records and answers are gone by then, the person is not.
    const ofSessions = 'SELECT 1 FROM sessions WHERE user_id = $1 FOR UPDATE';
    expect((await writeDuring(ofSessions, [me.id], 1)).status).toBe(201);
    for (const text of ['too late', 'too-late']) expect(await holding(text)).toEqual([]);
  });

  it('finds the rows of a person by an index, whatever else is in a table', async () => {
    const unindexed = await app.db.query(
      `SELECT c.conname FROM pg_constraint c WHERE c.contype = 'f' AND NOT EXISTS (
         SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND i.indkey[0] = c.conkey[1])`,
    );
    expect(unindexed).toEqual([]);
  });
});
