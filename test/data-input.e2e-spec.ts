import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller } from './support/callers.js';
import { aRecord } from './support/factories.js';
import { footprintOf } from './support/footprint.js';
import { sendLines } from './support/raw-http.js';

let app: TestApp;
let owner: TestCaller;
let path: string;
beforeAll(async () => {
  app = await startApp();
  owner = await asUser(app);
  path = (await owner.call('POST', '/api/v1/data', { json: aRecord() })).headers.get('location') ?? '';
});
afterAll(() => app.stop());

const MERGE_PATCH = 'application/merge-patch+json';
const any = { 'if-match': '*' };

describe('query parameters of GET /api/v1/data', () => {
  it.each(['limit=1', 'limit=100', '', '&', 'limit=5&', 'q=%25', `q=${'%F0%9F%98%80'.repeat(200)}`, 'tag=constructor'])(
    '%s is taken',
    async (query) => {
      expect((await owner.call('GET', `/api/v1/data?${query}`)).status).toBe(200);
    },
  );
});

describe('media types', () => {
  const TYPES = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
  ];
  const ODD = [
    'application/jsonp',
    'application/json+x',
    'text/json',
    'application',
    'json',
    '*/*',
    'application/json, text/plain',
  ];
  const FOREIGN = [
    'application/json-patch+json',
    'application/problem+json',
    'application/json; charset=utf-16',
    'application/octet-stream',
  ];

  it.each([...TYPES, ...ODD, ...FOREIGN, 'application/json; charset=iso-8859-1', MERGE_PATCH])(
    'POST answers 415 to %s and stores nothing',
    async (type) => {
      const before = await footprintOf(app.db);
      const { status, body } = await owner.call('POST', '/api/v1/data', { json: aRecord(), type });
      expect([status, body.code]).toEqual([415, 'media_type_unsupported']);
      expect(await footprintOf(app.db)).toEqual(before);
    },
  );

  it.each([...TYPES, ...ODD, ...FOREIGN, `${MERGE_PATCH}; charset=utf-16`])('PATCH answers 415 to %s', async (type) => {
    const before = await footprintOf(app.db);
    const { status, body } = await owner.call('PATCH', path, { json: { name: 'x' }, type, headers: any });
    expect([status, body.code]).toEqual([415, 'media_type_unsupported']);
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it('answers 415 to a body that says nothing of its type', async () => {
    const head = ['POST /api/v1/data HTTP/1.1', `authorization: Bearer ${owner.token}`];
    expect((await sendLines(app.url, head, JSON.stringify(aRecord()))).status).toBe(415);
    expect((await sendLines(app.url, [...head, 'content-type:'], JSON.stringify(aRecord()))).status).toBe(415);
  });

  it.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json;charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json ; x=y',
  ])('POST takes %s', async (type) => {
    expect((await owner.call('POST', '/api/v1/data', { json: aRecord(), type })).status).toBe(201);
  });
});

describe('a body where none is expected', () => {
  const targets = [
    ['DELETE', ''],
    ['POST', '/restore'],
  ] as const;
  it.each(targets)('%s /api/v1/data/:id%s refuses it', async (method, rest) => {
    const before = await footprintOf(app.db);
    for (const raw of ['{"name":"x"}', '[1]', 'null', '0', '""', 'false', '{"__proto__":1}', '{', '{"a":1e400}']) {
      const { status } = await owner.call(method, path + rest, { raw, headers: any });
      expect([raw, status]).toEqual([raw, 400]);
    }
    expect((await owner.call(method, path + rest, { raw: 'x', type: 'text/plain', headers: any })).status).toBe(415);
    expect((await owner.call(method, path + rest, { json: {}, type: MERGE_PATCH, headers: any })).status).toBe(415);
    expect((await owner.call(method, path + rest, { raw: 'x'.repeat(102_401), headers: any })).status).toBe(413);
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it.each(['GET', 'HEAD'])('%s does not read one, and the connection stays in step', async (method) => {
    const credential = `authorization: Bearer ${owner.token}`;
    const second = ['GET /api/v1/users/me HTTP/1.1', 'host: x', credential, 'connection: close', '', ''].join('\r\n');
    const head = [`${method} ${path} HTTP/1.1`, credential, 'content-type: application/json', 'connection: keep-alive'];
    const length = 'content-length: 7';
    const { status, text } = await sendLines(app.url, [...head, length], `{"a":1}${second}`);
    expect(status).toBe(200);
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
    expect(text).toContain(owner.email);
  });
});
