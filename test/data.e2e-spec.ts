import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller } from './support/callers.js';
import { aRecord } from './support/factories.js';

let app: TestApp;
let owner: TestCaller;
beforeAll(async () => {
  app = await startApp();
  owner = await asUser(app);
});
afterAll(() => app.stop());

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const create = (json: unknown) => owner.call('POST', '/api/v1/data', { json });

describe('POST /api/v1/data', () => {
  it('answers 201 with the record, its place and its tag', async () => {
    const record = aRecord();
    const before = Date.now();
    const { status, headers, body } = await create(record);
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(UUID_V7) as string,
      ...record,
      version: 1,
      createdAt: body.updatedAt,
      updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    });
    expect(Math.abs(Date.parse(body.createdAt) - before)).toBeLessThan(10_000);
    expect(headers.get('location')).toBe(`/api/v1/data/${body.id}`);
    expect(headers.get('etag')).toBe('"1"');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('answers the same at the Location', async () => {
    const created = await create(aRecord());
    const read = await owner.call('GET', created.headers.get('location') ?? '');
    expect(read.text).toBe(created.text);
    expect(read.headers.get('etag')).toBe(created.headers.get('etag'));
  });

  it('gives no tags to a record without them', async () => {
    const { body } = await create(aRecord({ tags: undefined }));
    expect(body.tags).toEqual([]);
  });

  it('keeps the order and the repetition of tags', async () => {
    const tags = ['b', 'a', 'b', ' ', 'é😀'];
    const { body } = await create(aRecord({ tags }));
    expect((await owner.call('GET', `/api/v1/data/${body.id}`)).body.tags).toEqual(tags);
  });

  it.each([
    'null',
    'true',
    '""',
    '0',
    '-1.5e-7',
    '[]',
    '{}',
    '[null,[],{},"",false]',
    '{"z":1,"a":{"y":2,"b":[{"d":1,"c":2}]},"m":null}',
    '{"constructor":"Ferrari","toString":1,"hasOwnProperty":{"valueOf":[]},"prototype":{"x":1},"proto":1}',
    '{"constructor":{"name":"x"},"":"empty name","a.b":1,"a/b":2,"a~b":3,"$ref":"#/x"}',
    '{"text":"\\u0001\\u001f\\"\\\\/\u2028\u2029\u007f\ufeff😀e\u0301é"}',
    '{"h":1,"\\"":2,"\\\\":3,"\\n":4}',
    '[9007199254740991,-9007199254740991,1.7976931348623157e+308,5e-324,0.1,123456789.123456]',
  ])('gives the content %s back as it was, members in their order', async (content) => {
    const raw = `{"name":"n","classification":"public","content":${content}}`;
    const created = await owner.call('POST', '/api/v1/data', { raw });
    expect(created.status).toBe(201);
    const read = await owner.call('GET', `/api/v1/data/${created.body.id}`);
    const list = await owner.call('GET', '/api/v1/data?limit=1');
    for (const text of [created.text, read.text, list.text]) expect(text).toContain(`,"content":${content},"tags":[]`);
    const [row] = await app.db.query<{ text: string }>('SELECT content::text AS text FROM records WHERE id = $1', [
      created.body.id,
    ]);
    expect(row?.text).toBe(content);
  });

  it.each([
    [{ name: undefined }, '/name'],
    [{ name: '' }, '/name'],
    [{ name: 'x'.repeat(201) }, '/name'],
    [{ name: '😀'.repeat(201) }, '/name'],
    [{ name: null }, '/name'],
    [{ classification: undefined }, '/classification'],
    [{ classification: 'secret' }, '/classification'],
    [{ classification: null }, '/classification'],
    [{ content: undefined }, '/content'],
    [{ tags: null }, '/tags'],
    [{ tags: 'x' }, '/tags'],
    [{ tags: [''] }, '/tags'],
    [{ tags: ['x'.repeat(51)] }, '/tags'],
    [{ tags: Array<string>(21).fill('x') }, '/tags'],
    [{ id: '01890000-0000-7000-8000-000000000000' }, '/id'],
    [{ version: 7 }, '/version'],
    [{ ownerId: '01890000-0000-7000-8000-000000000000' }, '/ownerId'],
    [{ createdAt: '2020-01-01T00:00:00Z' }, '/createdAt'],
    [{ deletedAt: null }, '/deletedAt'],
  ])('refuses %j and says where', async (overrides, pointer) => {
    const { status, body } = await create(aRecord(overrides));
    expect(status).toBe(400);
    expect(body.code).toBe('validation_failed');
    expect(body.errors).toEqual([expect.objectContaining({ pointer }) as object]);
  });

  it('takes the longest name, tags and number of tags', async () => {
    const record = aRecord({ name: '😀'.repeat(200), tags: Array<string>(20).fill('é'.repeat(50)) });
    expect((await create(record)).body).toMatchObject(record);
  });

  it('records the creation, without the content', async () => {
    const { body, headers } = await create(aRecord({ name: 'not in the audit' }));
    const rows = await app.db.query('SELECT * FROM audit_events WHERE target_id = $1', [body.id]);
    expect(rows).toEqual([
      expect.objectContaining({
        action: 'record.created',
        actor_id: owner.id,
        credential_id: owner.sessionId,
        details: { classification: 'internal' },
        request_id: headers.get('x-request-id'),
      }) as object,
    ]);
  });
});

describe('GET /api/v1/data/:id', () => {
  it('takes an id in capitals', async () => {
    const { body } = await create(aRecord());
    expect((await owner.call('GET', `/api/v1/data/${body.id.toUpperCase()}`)).body).toEqual(body);
  });

  it('answers HEAD with the headers of GET and nothing more', async () => {
    const { body } = await create(aRecord());
    const path = `/api/v1/data/${body.id}`;
    const [get, head] = [await owner.call('GET', path), await owner.call('HEAD', path)];
    expect(head.status).toBe(200);
    expect(head.text).toBe('');
    for (const name of ['etag', 'content-type', 'content-length', 'cache-control']) {
      expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
    }
    expect(get.headers.get('content-length')).toBe(String(Buffer.byteLength(get.text)));
  });

  it.each(['"1"', 'W/"1"', '"0", "1"', '*', '"1","2"'])('answers 304 to If-None-Match: %s', async (known) => {
    const { body } = await create(aRecord());
    for (const method of ['GET', 'HEAD']) {
      const answer = await owner.call(method, `/api/v1/data/${body.id}`, { headers: { 'if-none-match': known } });
      expect([answer.status, answer.text, answer.headers.get('etag')]).toEqual([304, '', '"1"']);
    }
  });

  it.each(['"2"', 'W/"2"', '1', '""', '', '"1', 'w/"1"', '"2" "1"', '*, "1"'])(
    'answers the record to If-None-Match: %s',
    async (known) => {
      const { body } = await create(aRecord());
      const answer = await owner.call('GET', `/api/v1/data/${body.id}`, { headers: { 'if-none-match': known } });
      expect([answer.status, answer.body]).toEqual([200, body]);
    },
  );

  it('tells 304 to nobody who may not read the record', async () => {
    const { body } = await create(aRecord());
    const other = await asUser(app);
    const answer = await other.call('GET', `/api/v1/data/${body.id}`, { headers: { 'if-none-match': '*' } });
    expect(answer.status).toBe(404);
  });

  it.each(['01890000-0000-7000-8000-000000000000', '00000000-0000-0000-0000-000000000000'])(
    'answers 404 to %s, which is nobody’s',
    async (id) => {
      const { status, body } = await owner.call('GET', `/api/v1/data/${id}`);
      expect([status, body.code]).toEqual([404, 'not_found']);
    },
  );
});
