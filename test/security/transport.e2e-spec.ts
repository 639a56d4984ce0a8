import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCodes } from '../../src/errors/error-codes.js';
import { startApp, type TestApp } from '../support/app.js';
import { asUser, type TestCaller } from '../support/callers.js';
import { aRecord } from '../support/factories.js';
import { type RawAnswer, request, sendRaw } from '../support/raw-http.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LARGEST_PROBLEM = 16 * 1024;
/** What would say of which parts this is made, or where something went wrong. */
const INSIDE = /fastify|nest|node\.?js|express|postgres|typeorm|\/src\/|\bat .+:\d+:\d+/i;

let app: TestApp;
let user: TestCaller;
let record: { id: string };

beforeAll(async () => {
  app = await startApp();
  user = await asUser(app);
  record = (await user.call('POST', '/api/v1/data', { json: aRecord() })).body;
});

afterAll(() => app.stop());

const mine = () => `Authorization: Bearer ${user.token}`;
const json = (text: string) => ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`];
const post = (path: string, text: string, ...more: string[]) =>
  request(`POST ${path} HTTP/1.1`, [...json(text), ...more], text);

/** One answer of each kind, by who writes it. */
const answers: readonly [status: number, title: string, bytes: () => string][] = [
  [200, 'a route with personal data', () => request('GET /api/v1/users/me HTTP/1.1', [mine()])],
  [200, 'HEAD of such a route', () => request('HEAD /api/v1/users/me HTTP/1.1', [mine()])],
  [200, 'a stream', () => request('GET /api/v1/users/me/export HTTP/1.1', [mine()])],
  [200, 'a probe', () => request('GET /health/live HTTP/1.1')],
  [200, 'public keys', () => request('GET /.well-known/jwks.json HTTP/1.1')],
  [200, 'a page', () => request('GET /docs HTTP/1.1')],
  [200, 'a file', () => request('GET /docs/swagger-ui.css HTTP/1.1')],
  [201, 'what was created', () => post('/api/v1/data', JSON.stringify(aRecord()), mine())],
  [
    202,
    'what was accepted',
    () => post('/api/v1/auth/register', '{"email":"a@example.com","password":"long enough to be one"}'),
  ],
  [204, 'no content', () => request('DELETE /api/v1/auth/sessions HTTP/1.1', [mine()])],
  [204, 'OPTIONS', () => request('OPTIONS /api/v1/data HTTP/1.1')],
  [
    304,
    'what has not changed',
    () => request(`GET /api/v1/data/${record.id} HTTP/1.1`, [mine(), 'If-None-Match: "1"']),
  ],
  [400, 'a refusal of the pipe', () => post('/api/v1/auth/login', '{}')],
  [400, 'a refusal of the body', () => post('/api/v1/auth/login', '{')],
  [400, 'a bad URL, which the router refuses', () => request('GET /api/v1/data/%zz HTTP/1.1', [mine()])],
  [400, 'a URL of bad UTF-8', () => request('GET /api/v1/data/%ff HTTP/1.1', [mine()])],
  [400, 'no HTTP at all, which the parser refuses', () => 'nonsense\r\n\r\n'],
  [400, 'a TLS greeting', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  [400, 'an unknown method', () => request('FOO / HTTP/1.1')],
  [400, 'HTTP/2 in the clear', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  [
    400,
    'two lengths',
    () => request('POST /api/v1/auth/login HTTP/1.1', ['Content-Length: 2', 'Content-Length: 3'], '{}'),
  ],
  [400, 'a length and chunks', () => post('/api/v1/auth/login', '{}', 'Transfer-Encoding: chunked')],
  [400, 'a bad chunk', () => request('POST /api/v1/auth/login HTTP/1.1', ['Transfer-Encoding: chunked'], 'zz\r\n')],
  [400, 'a control character in a header', () => request('GET /health/live HTTP/1.1', ['X-A: a\0b'])],
  [400, 'a header folded over lines', () => request('GET /health/live HTTP/1.1', ['X-A: a', ' b'])],
  [400, 'no Host', () => 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n'],
  [400, 'two Hosts', () => request('GET /health/live HTTP/1.1', ['Host: other.example'])],
  [400, 'CONNECT', () => request('CONNECT example.com:443 HTTP/1.1')],
  [401, 'nobody', () => request('GET /api/v1/users/me HTTP/1.1')],
  [403, 'somebody who may not', () => request('GET /api/v1/users HTTP/1.1', [mine()])],
  [404, 'an unknown path', () => request('GET /nowhere HTTP/1.1')],
  [404, 'an unknown path of the API', () => request('POST /api/v1/nowhere HTTP/1.1')],
  [404, 'an unknown record', () => request(`GET /api/v1/data/${crypto.randomUUID()} HTTP/1.1`, [mine()])],
  [405, 'a method the path does not take', () => request('PUT /api/v1/data HTTP/1.1')],
  [405, 'a method of WebDAV', () => request('PROPFIND /api/v1/data HTTP/1.1')],
  [413, 'a body too large', () => post('/api/v1/auth/login', `"${'x'.repeat(102_400)}"`)],
  [414, 'a parameter too long', () => request(`GET /api/v1/data/${'x'.repeat(300)} HTTP/1.1`, [mine()])],
  [
    415,
    'a media type',
    () => request('POST /api/v1/auth/login HTTP/1.1', ['Content-Type: text/xml', 'Content-Length: 1'], '<'),
  ],
  [
    415,
    'a media type that is none',
    () => request('POST /api/v1/auth/login HTTP/1.1', ['Content-Type: ;', 'Content-Length: 1'], '<'),
  ],
  [428, 'a missing precondition', () => request(`DELETE /api/v1/data/${record.id} HTTP/1.1`, [mine()])],
  [431, 'headers too large', () => request('GET /health/live HTTP/1.1', [`X-A: ${'x'.repeat(20_000)}`])],
  [431, 'a URL too large', () => request(`GET /${'x'.repeat(20_000)} HTTP/1.1`)],
];

describe.each(answers)('%i for %s', (status, _, bytes) => {
  it('has every header that protects, an id, and nothing about the server', async () => {
    const answer = await sendRaw(app.url, bytes());
    expect(answer.status).toBe(status);
    expect(protectionOf(answer)).toEqual(PROTECTION);
    expect(answer.headers.get('x-request-id')).toMatch(UUID);
    expect(headOf(answer)).not.toMatch(INSIDE);
  });
});

describe.each(answers.filter(([status]) => status >= 400))('%i for %s', (status, _, bytes) => {
  it('is a problem document of its code, small and kept by nobody', async () => {
    const { headers, text } = await sendRaw(app.url, bytes());
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(Number(headers.get('content-length'))).toBe(Buffer.byteLength(text));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LARGEST_PROBLEM);
    expect(text).not.toMatch(INSIDE);
    const { errors = [], ...problem } = JSON.parse(text) as { code: keyof typeof errorCodes; errors?: unknown[] };
    expect(errors.length).toBeLessThanOrEqual(20);
    expect(problem).toEqual({
      type: `urn:rampart:problem:${problem.code}`,
      title: expect.any(String),
      status,
      detail: expect.stringMatching(/^[A-Z].+\.$/),
      code: expect.any(String),
      requestId: headers.get('x-request-id'),
    });
    expect(errorCodes[problem.code][0]).toBe(status);
  });
});

describe('a problem document', () => {
  const unknown = Array.from({ length: 2_000 }, (_, i) => [`${'n'.repeat(30)}${i}`, 1] as const);
  const long = { ['~/'.repeat(20_000)]: 1, ['\u{1F600}'.repeat(10_000)]: 1 };
  const deep = `${'['.repeat(40_000)}"\\u0000"${']'.repeat(40_000)}`;

  it.each([
    ['thousands of unknown members', JSON.stringify(Object.fromEntries(unknown))],
    ['names of thousands of characters', JSON.stringify(long)],
    ['a fault thousands of levels deep', deep],
  ])('stays small after %s', async (_, body) => {
    const { status, headers, text } = await sendRaw(app.url, post('/api/v1/auth/login', body));
    expect([status, headers.get('content-type')]).toEqual([400, 'application/problem+json; charset=utf-8']);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LARGEST_PROBLEM);
  });

  it('stays small after thousands of parameters', async () => {
    const query = Array.from({ length: 1_500 }, (_, i) => `name${i}=1`).join('&');
    const { status, text } = await sendRaw(app.url, request(`GET /api/v1/data?${query} HTTP/1.1`, [mine()]));
    expect(status).toBe(400);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LARGEST_PROBLEM);
  });
});

describe('the request id', () => {
  it('is the backend’s own and another each time, whatever the client sends', async () => {
    const sent = request('GET /health/live HTTP/1.1', ['X-Request-Id: mine', 'Request-Id: mine']);
    const ids = await Promise.all([1, 2].map(async () => (await sendRaw(app.url, sent)).headers.get('x-request-id')));
    expect(new Set(ids).size).toBe(2);
    expect(ids).not.toContain('mine');
  });
});

describe('what may be kept', () => {
  it.each([
    ['/api/v1/users/me', 'no-store'],
    ['/api/v1/data', 'no-store'],
    ['/%61pi/v1/users/me', 'no-store'],
    ['http://localhost/api/v1/users/me', 'no-store'],
    ['/.well-known/jwks.json', 'public, max-age=300'],
    ['/docs/docs.js', 'public, max-age=3600'],
  ])('of GET %s is: %s', async (target, expected) => {
    const { status, headers } = await sendRaw(app.url, request(`GET ${target} HTTP/1.1`, [mine()]));
    expect([status, headers.get('cache-control')]).toEqual([200, expected]);
  });

  it('are no credentials: login and refresh are never stored', async () => {
    const { email, password, refreshToken } = user;
    const login = await app.call('POST', '/api/v1/auth/login', { json: { email, password } });
    const refresh = await app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token: refreshToken } });
    for (const { status, headers } of [login, refresh]) {
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    }
  });
});

describe('what Node would answer by itself', () => {
  it('is not needed: an expectation that nobody knows is ignored, and 100-continue is met', async () => {
    const odd = await sendRaw(app.url, request('GET /health/live HTTP/1.1', ['Expect: wonders']));
    expect([odd.status, odd.text]).toEqual([200, '{"status":"ok"}']);
    const asked = await sendRaw(app.url, post('/api/v1/auth/login', '{}', 'Expect: 100-continue'));
    expect([asked.status, asked.text.split(' ')[1]]).toEqual([100, '400']);
  });

  it('is not needed for HTTP/1.0 either, where Host may be missing', async () => {
    const without = await sendRaw(app.url, 'GET /health/live HTTP/1.0\r\n\r\n');
    const with1 = await sendRaw(app.url, 'GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n');
    expect([without.status, with1.status]).toEqual([200, 200]);
  });

  it('does not upgrade a connection because a client would like to', async () => {
    const fields = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
    const { status, headers } = await sendRaw(app.url, request('GET /health/live HTTP/1.1', fields));
    expect([status, headers.has('upgrade')]).toEqual([200, false]);
  });
});

const PROTECTION = {
  policy: expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'/),
  sniffing: 'nosniff',
  referrer: 'no-referrer',
  frames: 'DENY',
  resources: 'same-origin',
  openers: 'same-origin',
  // PUBLIC_URL is plain HTTP here: a browser would ignore it, and must not be told.
  https: false,
  server: false,
};

function protectionOf({ headers }: RawAnswer) {
  return {
    policy: headers.get('content-security-policy'),
    sniffing: headers.get('x-content-type-options'),
    referrer: headers.get('referrer-policy'),
    frames: headers.get('x-frame-options'),
    resources: headers.get('cross-origin-resource-policy'),
    openers: headers.get('cross-origin-opener-policy'),
    https: headers.has('strict-transport-security'),
    server: headers.has('server') || headers.has('x-powered-by'),
  };
}

const headOf = ({ bytes }: RawAnswer): string => bytes.toString('latin1').split('\r\n\r\n', 1)[0] ?? '';
