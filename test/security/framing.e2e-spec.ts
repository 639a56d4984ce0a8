import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { asUser, type TestCaller } from '../support/callers.js';
import { aRecord } from '../support/factories.js';
import { hold } from '../support/locks.js';
import { request, sendRaw } from '../support/raw-http.js';

let app: TestApp;
let user: TestCaller;

beforeAll(async () => {
  app = await startApp();
  user = await asUser(app);
});

afterAll(() => app.stop());

const text = JSON.stringify(aRecord());
const TYPE = 'Content-Type: application/json';
const mine = () => `Authorization: Bearer ${user.token}`;
const length = (body: string | Buffer = text) => `Content-Length: ${Buffer.byteLength(body)}`;
const chunked = `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;
const stored = () => app.db.query('SELECT id FROM records');

function create(fields: readonly string[], body: string | Buffer = text, line = 'POST /api/v1/data HTTP/1.1') {
  const head = request(line, [mine(), ...fields]);
  return sendRaw(app.url, Buffer.concat([Buffer.from(head), Buffer.from(body)]));
}

describe('a request that somebody in between could read another way', () => {
  it.each<[string, readonly string[], string?, string?]>([
    ['a body packed on the way', [TYPE, 'Transfer-Encoding: gzip, chunked'], chunked],
    ['chunks in chunks', [TYPE, 'Transfer-Encoding: chunked, chunked'], chunked],
    ['two Transfer-Encodings', [TYPE, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], chunked],
    ['a Transfer-Encoding that is none', [TYPE, 'Transfer-Encoding: identity', length()]],
    ['a space before the colon', [TYPE, 'Transfer-Encoding : chunked'], chunked],
    ['chunks in HTTP/1.0', [TYPE, 'Transfer-Encoding: chunked'], chunked, 'POST /api/v1/data HTTP/1.0'],
    ['the grammar of HTTP/1 called HTTP/2', [TYPE, length()], text, 'POST /api/v1/data HTTP/2.0'],
    ['a type, and a type of no route', [TYPE, 'Content-Type: text/plain', length()]],
    ['the same type twice', [TYPE, TYPE, length()]],
    ['a length with a sign', [TYPE, `Content-Length: +${Buffer.byteLength(text)}`]],
    ['a size of a chunk in C', [TYPE, 'Transfer-Encoding: chunked'], `0x${chunked}`],
    ['chunks that end in LF alone', [TYPE, 'Transfer-Encoding: chunked'], chunked.replaceAll('\r', '')],
  ])('is refused with %s', async (_, fields, body, line) => {
    const before = await stored();
    const answer = await create(fields, body, line);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      400,
      expect.objectContaining({ code: 'request_malformed' }),
    ]);
    expect(await stored()).toEqual(before);
  });

  it('is not one with chunks and extensions of chunks', async () => {
    const answer = await create([TYPE, 'Transfer-Encoding: CHUNKED'], chunked.replace('\r\n', ';a=b\r\n'));
    expect(answer.status).toBe(201);
  });
});

describe('a body', () => {
  it.each<[string, readonly string[], (string | Buffer)?]>([
    ['that is packed', ['Content-Encoding: gzip'], gzipSync(text)],
    ['that says it is packed', ['Content-Encoding: gzip']],
    ['packed twice', ['Content-Encoding: br, gzip']],
    ['in a coding nobody knows', ['Content-Encoding: x']],
  ])('%s is 415 and says what is read', async (_, fields, body) => {
    const { status, headers } = await create([TYPE, ...fields, length(body)], body);
    expect([status, headers.get('accept-encoding')]).toEqual([415, 'identity']);
  });

  it.each([
    ['another character set', 'application/json; charset=utf-16'],
    ['two character sets', 'application/json; charset="utf-8"; charset=latin1'],
    ['a suffix', 'application/vnd.api+json'],
    ['two types', 'application/json, text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['a form in parts', 'multipart/form-data; boundary=x'],
  ])('of %s is 415', async (_, type) => {
    expect((await create([`Content-Type: ${type}`, length()])).status).toBe(415);
  });

  it.each(['application/json; charset=utf-8', 'APPLICATION/JSON ; Charset="UTF-8"', 'application/json; x=charset'])(
    'of %s is read',
    async (type) => {
      expect((await create([`Content-Type: ${type}`, length(), 'Content-Encoding: identity'])).status).toBe(201);
    },
  );
});

describe('what is no HTTP behind a request', () => {
  it('is not answered in the middle of the answer before it', async () => {
    const { hostname, port } = new URL(app.url);
    const release = await hold(app.db, 'LOCK TABLE records IN ACCESS EXCLUSIVE MODE');
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(`GET /api/v1/users/me/export HTTP/1.1\r\nHost: localhost\r\n${mine()}\r\n\r\n`);
    await once(socket, 'data');
    socket.write('nonsense\r\n\r\n');
    await once(socket, 'close');
    await release();
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).not.toContain('request_malformed');
  });

  it('is not taken for the answer to the request before it', async () => {
    const login = JSON.stringify({ email: user.email, password: user.password });
    const first = `POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n${TYPE}\r\n${length(login)}\r\n\r\n${login}`;
    const { status, bytes } = await sendRaw(app.url, `${first}nonsense\r\n\r\n`);
    expect([status, bytes.length]).toEqual([Number.NaN, 0]);
  });
});
