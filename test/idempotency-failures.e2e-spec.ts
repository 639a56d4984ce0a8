import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller, withKey } from './support/callers.js';
import { aRecord } from './support/factories.js';
import { footprintOf } from './support/footprint.js';
import type { Call } from './support/http.js';
import { hold, waitingBackends } from './support/locks.js';
import { startInstance } from './support/process.js';
import { until } from '../scripts/lib/until.mjs';

let app: TestApp;
let owner: TestCaller;
beforeAll(async () => {
  app = await startApp();
  owner = await asUser(app);
});
afterAll(() => app.stop());

const post = (key: string, json: unknown, call: Call = app.call) =>
  call('POST', '/api/v1/data', { json, token: owner.token, headers: { 'idempotency-key': key } });
const recordsNamed = async (name: string) => app.db.query('SELECT 1 FROM records WHERE name = $1', [name]);
const keptAnswers = async (key: string) => app.db.query('SELECT 1 FROM idempotency_keys WHERE key = $1', [key]);

/** Lets requests come as far as the audit row, by then with the record inserted, and keeps them there. */
const holdAudit = () => hold(app.db, 'LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE');
/** Keeps them later still, at the row of the answer to keep. */
const holdAnswers = () => hold(app.db, 'LOCK TABLE idempotency_keys IN SHARE MODE');

describe('a request whose first is still running', () => {
  it('is answered 409 with Retry-After at once, and with the first answer afterwards', async () => {
    const [key, record] = [randomUUID(), aRecord()];
    const release = await holdAudit();
    const first = post(key, record);
    await waitingBackends(app.db);
    for (const json of [record, aRecord()]) {
      const early = await post(key, json);
      expect([early.status, early.body.code]).toEqual([409, 'idempotency_in_flight']);
      expect(early.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    await release();
    const { status, text } = await first;
    expect(status).toBe(201);
    expect((await post(key, record)).text).toBe(text);
    expect(await recordsNamed(record.name)).toHaveLength(1);
  });

  it('holds up no other key, and nobody else with the same', async () => {
    const key = randomUUID();
    const other = await asUser(app);
    const release = await holdAnswers();
    const waiting = [post(key, aRecord()), post(randomUUID(), aRecord())];
    const theirs = other.call('POST', '/api/v1/data', { json: aRecord(), headers: { 'idempotency-key': key } });
    await waitingBackends(app.db, 3);
    expect((await owner.call('POST', '/api/v1/data', { json: aRecord() })).status).toBe(201);
    await release();
    const answers = await Promise.all([...waiting, theirs]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  it('is answered 409 by another instance too', async () => {
    const instance = await startInstance(app.settings);
    try {
      const [key, record] = [randomUUID(), aRecord()];
      const release = await holdAnswers();
      const first = post(key, record);
      await waitingBackends(app.db);
      expect((await post(key, record, instance.call)).body.code).toBe('idempotency_in_flight');
      await release();
      const { body } = await first;
      expect((await post(key, record, instance.call)).body).toEqual(body);
    } finally {
      await instance.stop();
    }
  });
});

describe('nothing is kept', () => {
  it.each([
    ['the body is refused', { classification: 'none' }, 400],
    ['the content is refused', { content: undefined }, 400],
  ])('when %s: the key is free for a better one', async (_, overrides, status) => {
    const [key, record] = [randomUUID(), aRecord()];
    const before = await footprintOf(app.db);
    expect((await post(key, { ...record, ...overrides })).status).toBe(status);
    expect(await footprintOf(app.db)).toEqual(before);
    expect((await post(key, record)).status).toBe(201);
  });

  it('when the caller may not', async () => {
    const [key, record] = [randomUUID(), aRecord({ classification: 'restricted' })];
    const machine = await withKey(app, owner, { scopes: ['data:write'] });
    const headers = { 'idempotency-key': key };
    expect((await machine.call('POST', '/api/v1/data', { json: record, headers })).status).toBe(403);
    expect(await keptAnswers(key)).toEqual([]);
    expect((await post(key, record)).status).toBe(201);
  });

  it.each([
    ['is cut off', 'pg_terminate_backend', holdAudit],
    ['is cancelled', 'pg_cancel_backend', holdAudit],
    ['is cut off at the very last statement', 'pg_terminate_backend', holdAnswers],
    ['is cancelled at the very last statement', 'pg_cancel_backend', holdAnswers],
  ])('when the database connection %s', async (_, end, holdTable) => {
    const [key, record] = [randomUUID(), aRecord()];
    const release = await holdTable();
    const first = post(key, record);
    const [pid] = await waitingBackends(app.db);
    await app.db.query(`SELECT ${end}($1)`, [pid]);
    const failed = await first;
    expect([failed.status, failed.body.code]).toEqual([503, 'unavailable']);
    expect(failed.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    await release();
    expect([await recordsNamed(record.name), await keptAnswers(key)]).toEqual([[], []]);
    expect((await post(key, record)).status).toBe(201);
    expect(await recordsNamed(record.name)).toHaveLength(1);
  });

  it.each([
    ['before the audit row', holdAudit],
    ['before the kept answer', holdAnswers],
  ])('of a process that is killed %s', async (_, holdTable) => {
    const instance = await startInstance(app.settings);
    const [key, record] = [randomUUID(), aRecord()];
    const release = await holdTable();
    const first = post(key, record, instance.call).catch((error: unknown) => error);
    const [pid] = await waitingBackends(app.db);
    await instance.stop('SIGKILL');
    expect(await first).toEqual(expect.objectContaining({ message: 'fetch failed' }));
    // The server learns of it when it has something to say.
    await release();
    const gone = async () => (await app.db.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid])).length === 0;
    await until(gone, 10_000);
    expect([await recordsNamed(record.name), await keptAnswers(key)]).toEqual([[], []]);
    expect((await post(key, record)).status).toBe(201);
    expect(await recordsNamed(record.name)).toHaveLength(1);
  });
});
