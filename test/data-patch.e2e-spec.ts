import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller } from './support/callers.js';
import { aRecord } from './support/factories.js';
import type { RequestOptions } from './support/http.js';
import { expectInvalid } from './support/wrong-values.js';

let app: TestApp;
let owner: TestCaller;
beforeAll(async () => {
  app = await startApp();
  owner = await asUser(app);
});
afterAll(() => app.stop());

interface Stored {
  id: string;
  name: string;
  version: number;
  updatedAt: string;
}

async function stored(overrides: Record<string, unknown> = {}): Promise<Stored> {
  const { status, body } = await owner.call('POST', '/api/v1/data', { json: aRecord(overrides) });
  expect(status).toBe(201);
  return body as Stored;
}
const patch = (id: string, json: unknown, { headers, ...rest }: RequestOptions = {}) =>
  owner.call('PATCH', `/api/v1/data/${id}`, { json, headers: { 'if-match': '*', ...headers }, ...rest });
const read = async (id: string): Promise<Stored> => (await owner.call('GET', `/api/v1/data/${id}`)).body as Stored;

const nested = (levels: number): unknown => JSON.parse('{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1));

describe('PATCH /api/v1/data/:id', () => {
  it.each([
    { name: 'new' },
    { classification: 'public' },
    { classification: 'restricted' },
    { content: 7 },
    { tags: ['a', 'b'] },
    { name: 'all', classification: 'confidential', content: ['x'], tags: [] },
  ])('changes %j and nothing else', async (changes) => {
    const before = await stored();
    const { status, body, headers } = await patch(before.id, changes, { headers: { 'if-match': '"1"' } });
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, ...changes, version: 2, updatedAt: body.updatedAt });
    expect(Date.parse(body.updatedAt)).toBeGreaterThanOrEqual(Date.parse(before.updatedAt));
    expect(headers.get('etag')).toBe('"2"');
    expect(await read(before.id)).toEqual(body);
  });

  it.each(['application/json', 'application/merge-patch+json', 'Application/Merge-Patch+JSON; charset=utf-8'])(
    'means the same as %s',
    async (type) => {
      const { id } = await stored({ content: { a: 1, b: { c: 2, d: 3 } } });
      const { status, body } = await patch(id, { content: { a: null, b: { c: null }, e: [null] } }, { type });
      expect([status, body.content]).toEqual([200, { b: { d: 3 }, e: [null] }]);
    },
  );

  it.each([
    [{ a: 'b' }, { a: 'c' }, '{"a":"c"}'],
    [{ a: 'b' }, { b: 'c' }, '{"a":"b","b":"c"}'],
    [{ a: 'b', b: 'c' }, { a: null }, '{"b":"c"}'],
    [{ a: ['b'] }, { a: 'c' }, '{"a":"c"}'],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, '{"a":{"b":"d"}}'],
    [{ a: [{ b: 'c' }] }, { a: [1] }, '{"a":[1]}'],
    [['a', 'b'], ['c'], '["c"]'],
    [{ a: 'b' }, ['c'], '["c"]'],
    [{ a: 'foo' }, 'bar', '"bar"'],
    [{ a: 'foo' }, false, 'false'],
    [{ e: null }, { a: 1 }, '{"e":null,"a":1}'],
    [[1, 2], { a: 'b', c: null }, '{"a":"b"}'],
    [null, { a: { bb: { ccc: null } } }, '{"a":{"bb":{}}}'],
    ['text', {}, '{}'],
    [{ z: 1, a: 2 }, { z: 3, b: 4 }, '{"z":3,"a":2,"b":4}'],
    [
      {},
      { constructor: 'Ferrari', toString: null, hasOwnProperty: { x: 1 } },
      '{"constructor":"Ferrari","hasOwnProperty":{"x":1}}',
    ],
  ])('merges into the content %j the patch %j', async (content, change, expected) => {
    const { id } = await stored({ content });
    expect((await patch(id, { content: change })).status).toBe(200);
    expect((await owner.call('GET', `/api/v1/data/${id}`)).text).toContain(`"content":${expected},"tags"`);
  });

  it('removes the tags with null', async () => {
    const { id } = await stored({ tags: ['a'] });
    expect((await patch(id, { tags: null })).body.tags).toEqual([]);
  });

  it.each([
    [{ name: null }, '/name'],
    [{ classification: null }, '/classification'],
    [{ content: null }, '/content'],
    [{ name: '' }, '/name'],
    [{ name: 'x'.repeat(201) }, '/name'],
    [{ classification: 'secret' }, '/classification'],
    [{ tags: [null] }, '/tags'],
    [{ tags: {} }, '/tags'],
    [{ tags: Array<string>(21).fill('x') }, '/tags'],
    [{ version: 2 }, '/version'],
    [{ id: '01890000-0000-7000-8000-000000000000' }, '/id'],
    [{ deletedAt: null }, '/deletedAt'],
    [{ name: 'ok', ownerId: null }, '/ownerId'],
  ])('refuses %j and changes nothing', async (changes, pointer) => {
    const before = await stored();
    expectInvalid(await patch(before.id, changes), pointer, changes);
    expect(await read(before.id)).toEqual(before);
  });

  it.each(['null', '[]', '"x"', '1', 'true', '[{"name":"x"}]'])('refuses the body %s', async (raw) => {
    const before = await stored();
    for (const type of ['application/json', 'application/merge-patch+json']) {
      const { status, body } = await patch(before.id, undefined, { raw, type });
      expect([status, body.code]).toEqual([400, 'validation_failed']);
    }
    expect(await read(before.id)).toEqual(before);
  });

  it('changes nothing, not even the version, for an empty patch', async () => {
    const before = await stored();
    const { status, body, headers } = await patch(before.id, {});
    expect([status, body, headers.get('etag')]).toEqual([200, before, '"1"']);
    const audit = await app.db.query(`SELECT 1 FROM audit_events WHERE target_id = $1 AND action = 'record.updated'`, [
      before.id,
    ]);
    expect(audit).toEqual([]);
  });

  it('makes a new version also of a patch that says what is stored already', async () => {
    const { id, name } = await stored();
    expect((await patch(id, { name })).body.version).toBe(2);
  });

  it('records which members were changed, without their values', async () => {
    const { id } = await stored();
    await patch(id, { name: 'secret name', tags: ['secret tag'] });
    const rows = await app.db.query('SELECT action, details FROM audit_events WHERE target_id = $1 ORDER BY at, id', [
      id,
    ]);
    expect(rows.at(-1)).toEqual({ action: 'record.updated', details: { fields: ['name', 'tags'] } });
  });
});

describe('the bounds of merged content', () => {
  const KB = 1024;

  it('holds 64 kB and not a byte more, however it came about', async () => {
    const { id } = await stored({ content: { a: 'x'.repeat(40 * KB) } });
    const rest = 64 * KB - 40 * KB - '{"a":"","b":""}'.length;
    expectInvalid(await patch(id, { content: { b: 'y'.repeat(rest + 1) } }), '/content', 'a byte too many');
    expect((await read(id)).version).toBe(1);
    expect((await patch(id, { content: { b: 'y'.repeat(rest) } })).status).toBe(200);
    expectInvalid(await patch(id, { content: { c: 1 } }), '/content', 'one more member');
    expect((await patch(id, { content: { a: null, c: 'z'.repeat(38 * KB) } })).status).toBe(200);
  });

  it('counts what a patch removes as gone: a patch may be larger than its result', async () => {
    const members = Object.fromEntries(Array.from({ length: 7500 }, (_, i) => [`k${i}`, null]));
    const { id } = await stored({ content: { keep: 1 } });
    expect(JSON.stringify(members).length).toBeGreaterThan(64 * KB);
    const { status, body } = await patch(id, { content: members });
    expect([status, body.content]).toEqual([200, { keep: 1 }]);
  });

  it('nests 32 levels and not one more, however it came about', async () => {
    const { id } = await stored({ content: { a: nested(31) } });
    expectInvalid(await patch(id, { content: { b: nested(32) } }), '/content', '33 levels');
    expect((await patch(id, { content: { b: nested(31) } })).status).toBe(200);
    const deep = JSON.parse('{"a":'.repeat(32) + '1' + '}'.repeat(32)) as object;
    expect((await patch(id, { content: deep })).status).toBe(200);
    const deeper = JSON.parse('{"a":'.repeat(32) + '{}' + '}'.repeat(32)) as object;
    expectInvalid(await patch(id, { content: deeper }), '/content', 'a level more');
  });

  it.each(['['.repeat(45_000) + ']'.repeat(45_000), '{"a":'.repeat(15_000) + '1' + '}'.repeat(15_000)])(
    'refuses a patch of thousands of levels',
    async (content) => {
      const before = await stored();
      const answer = await patch(before.id, undefined, { raw: `{"content":${content}}` });
      expectInvalid(answer, '/content', 'thousands of levels');
      expect(await read(before.id)).toEqual(before);
    },
  );
});
