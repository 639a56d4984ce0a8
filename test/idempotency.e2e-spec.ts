import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Housekeeping } from '../src/database/housekeeping.js';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller, withKey } from './support/callers.js';
import { aKey, aRecord } from './support/factories.js';
import { footprintOf } from './support/footprint.js';
import { type Answer } from './support/http.js';
import { sendLines } from './support/raw-http.js';

let app: TestApp;
let owner: TestCaller;
beforeAll(async () => {
  app = await startApp();
  owner = await asUser(app);
});
afterAll(() => app.stop());

const post = (key: string, json: unknown, caller: Pick<TestCaller, 'call'> = owner) =>
  caller.call('POST', '/api/v1/data', { json, headers: { 'idempotency-key': key } });
const recordsNamed = async (name: string) =>
  (await app.db.query<{ id: string }>('SELECT id FROM records WHERE name = $1', [name])).map(({ id }) => id);
const essence = ({ status, text, headers }: Answer) => ({
  status,
  text,
  ...Object.fromEntries(['location', 'etag', 'content-type', 'cache-control'].map((name) => [name, headers.get(name)])),
});

const age = (key: string, interval: string) =>
  app.db.query('UPDATE idempotency_keys SET expires_at = expires_at - $2::interval WHERE key = $1', [key, interval]);
const keptAnswers = async (key: string) => app.db.query('SELECT 1 FROM idempotency_keys WHERE key = $1', [key]);

describe('a POST /api/v1/data with an Idempotency-Key, repeated', () => {
  it('gets the same answer with its headers, and there is one record', async () => {
    const [key, record] = [randomUUID(), aRecord()];
    const first = await post(key, record);
    expect(first.status).toBe(201);
    for (let i = 0; i < 3; i += 1) expect(essence(await post(key, record))).toEqual(essence(first));
    expect(await recordsNamed(record.name)).toEqual([first.body.id]);
    const audit = await app.db.query('SELECT 1 FROM audit_events WHERE target_id = $1', [first.body.id]);
    expect(audit).toHaveLength(1);
  });

  it.each([null, 'text', [], { b: 1, a: { constructor: 'Ferrari', '': null } }, '\u2028"\\\u0001'])(
    'gives the content %j back as it was the first time',
    async (content) => {
      const [key, record] = [randomUUID(), aRecord({ content })];
      const first = await post(key, record);
      expect(first.body.content).toEqual(content);
      expect((await post(key, record)).text).toBe(first.text);
    },
  );

  it('is the same body however it is spaced', async () => {
    const [key, record] = [randomUUID(), aRecord()];
    const first = await post(key, record);
    const raw = JSON.stringify(record, null, '\t').replaceAll('"', '"');
    const again = await owner.call('POST', '/api/v1/data', { raw, headers: { 'idempotency-key': key } });
    expect(essence(again)).toEqual(essence(first));
  });

  it('gets the first answer also after the record was changed or deleted', async () => {
    const [key, record] = [randomUUID(), aRecord()];
    const first = await post(key, record);
    const headers = { 'if-match': '*' };
    await owner.call('PATCH', `/api/v1/data/${first.body.id}`, { json: { name: 'changed' }, headers });
    expect(essence(await post(key, record))).toEqual(essence(first));
    await owner.call('DELETE', `/api/v1/data/${first.body.id}`, { headers });
    expect(essence(await post(key, record))).toEqual(essence(first));
    expect(await recordsNamed(record.name)).toEqual([]);
  });

  it.each([{ name: 'another' }, { classification: 'public' }, { content: 1 }, { tags: [] }, { tags: undefined }])(
    'is refused with 422 when the body differs in %j, which stores nothing',
    async (overrides) => {
      const [key, record] = [randomUUID(), aRecord()];
      const first = await post(key, record);
      const before = await footprintOf(app.db);
      const { status, body } = await post(key, { ...record, ...overrides });
      expect([status, body.code]).toEqual([422, 'idempotency_key_reused']);
      expect(await footprintOf(app.db)).toEqual(before);
      expect(essence(await post(key, record))).toEqual(essence(first));
    },
  );

  it('30 times at once makes one record; who is too early is told to wait', async () => {
    const [key, record] = [randomUUID(), aRecord()];
    const answers = await Promise.all(Array.from({ length: 30 }, () => post(key, record)));
    const ids = await recordsNamed(record.name);
    expect(ids).toHaveLength(1);
    const created = answers.filter(({ status }) => status === 201);
    expect(created.length).toBeGreaterThan(0);
    expect(created.every(({ body }) => body.id === ids[0])).toBe(true);
    const early = answers.filter(({ status }) => status !== 201);
    expect(early.filter(({ body }) => body.code !== 'idempotency_in_flight')).toEqual([]);
    expect((await post(key, record)).body.id).toBe(ids[0]);
  });
});

describe('the key', () => {
  it('is the same with and without quotation marks', async () => {
    const [key, record] = [randomUUID(), aRecord()];
    const first = await post(key, record);
    expect(essence(await post(`"${key}"`, record))).toEqual(essence(first));
    const odd = await post('"a\\"b\\\\c"', record);
    expect(essence(await post('a"b\\c', record))).toEqual(essence(odd));
  });

  it.each(['x', '~', '0', 'x'.repeat(255), `"${'x'.repeat(254)}~"`, "a,b;c='d'", 'Ab', 'aB'])(
    'may be %j',
    async (key) => {
      const record = aRecord();
      const first = await post(key, record);
      expect(first.status).toBe(201);
      expect((await post(key, record)).body.id).toBe(first.body.id);
    },
  );

  it.each([
    '',
    '""',
    'x'.repeat(256),
    `"${'x'.repeat(256)}"`,
    'a b',
    '"a b"',
    '"a',
    '"a"b',
    '"\\x"',
    'a\tb',
    'é',
    'a, a',
    'x'.repeat(9000),
  ])('may not be %j', async (key) => {
    const before = await footprintOf(app.db);
    const { status, body } = await post(key, aRecord());
    expect([status, body.code]).toEqual([400, 'idempotency_key_invalid']);
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it('may not be there twice', async () => {
    const body = JSON.stringify(aRecord());
    const head = [
      'POST /api/v1/data HTTP/1.1',
      `authorization: Bearer ${owner.token}`,
      'content-type: application/json',
    ];
    const answer = await sendLines(app.url, [...head, 'idempotency-key: a', 'Idempotency-Key: a'], body);
    expect([answer.status, answer.body.code]).toEqual([400, 'idempotency_key_invalid']);
  });

  it('is the principal’s own: another makes another record', async () => {
    const [key, record, other] = [randomUUID(), aRecord(), await asUser(app)];
    const [mine, theirs] = [await post(key, record), await post(key, record, other)];
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(theirs.body.id).not.toBe(mine.body.id);
    expect((await post(key, aRecord(), other)).status).toBe(422);
  });

  it('is one for all credentials of a principal', async () => {
    const [key, record] = [randomUUID(), aRecord()];
    const machine = await withKey(app, owner, { scopes: ['data:write'] });
    const first = await post(key, record);
    expect(essence(await post(key, record, machine))).toEqual(essence(first));
  });

  it('is the route’s own, and means nothing where nothing is repeatable', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const json = aKey();
    const keys = await Promise.all([1, 2].map(() => owner.call('POST', '/api/v1/api-keys', { json, headers })));
    expect(new Set(keys.map(({ body }) => body.id)).size).toBe(2);
    const record = aRecord();
    const { status, body } = await post(headers['idempotency-key'], record);
    expect(status).toBe(201);
    const path = `/api/v1/data/${body.id}`;
    await owner.call('DELETE', path, { headers: { ...headers, 'if-match': '*' } });
    expect((await owner.call('POST', `${path}/restore`, { headers })).status).toBe(200);
    expect((await owner.call('POST', `${path}/restore`, { headers })).status).toBe(409);
  });
});

describe('after 24 hours', () => {
  it('a key is as good as new', async () => {
    const [key, record, other] = [randomUUID(), aRecord(), aRecord()];
    const first = await post(key, record);
    await age(key, '23 hours 59 minutes');
    expect(essence(await post(key, record))).toEqual(essence(first));
    await age(key, '1 minute');
    const second = await post(key, other);
    expect([second.status, second.body.name]).toEqual([201, other.name]);
    expect(essence(await post(key, other))).toEqual(essence(second));
    expect((await post(key, record)).status).toBe(422);
  });

  it('housekeeping removes it, and nothing younger', async () => {
    const [old, young] = [randomUUID(), randomUUID()];
    for (const key of [old, young]) await post(key, aRecord());
    await age(old, '24 hours');
    await app.nest.get(Housekeeping).run();
    expect([(await keptAnswers(old)).length, (await keptAnswers(young)).length]).toEqual([0, 1]);
  });
});
