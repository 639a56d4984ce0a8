import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnv } from '../../src/config/env.js';
import { startApp, type TestApp } from '../support/app.js';
import { asAdmin, asUser, type TestCaller } from '../support/callers.js';
import { aRecord } from '../support/factories.js';
import type { Answer } from '../support/http.js';
import { request, sendRaw } from '../support/raw-http.js';

const LISTED = 'https://app.example.com';
const SETTINGS = { PUBLIC_URL: 'https://api.example.com', CORS_ORIGINS: `${LISTED},http://localhost:5173` };

describe('a forged Host or forwarding field', () => {
  let app: TestApp;
  let user: TestCaller;
  let admin: TestCaller;

  beforeAll(async () => {
    app = await startApp();
    [user, admin] = [await asUser(app), await asAdmin(app)];
  });

  afterAll(() => app.stop());

  const forged = [
    'X-Forwarded-Host: attacker.example',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 666',
    'X-Forwarded-Prefix: /attacker',
    'X-Forwarded-Server: attacker.example',
    'X-Forwarded-For: 203.0.113.9',
    'X-Real-IP: 203.0.113.9',
    'Forwarded: for=203.0.113.9;host=attacker.example;proto=https',
    'X-Host: attacker.example',
    'X-Original-URL: /api/v1/users',
    'X-Rewrite-URL: /api/v1/users',
  ];

  it.each(['/.well-known/security.txt', '/.well-known/jwks.json', '/openapi.json', '/docs', '/health/live'])(
    'changes nothing in GET %s',
    async (path) => {
      const plain = await sendRaw(app.url, request(`GET ${path} HTTP/1.1`));
      const lied = request(`GET http://attacker.example${path} HTTP/1.1`, forged).replace(
        'Host: localhost',
        'Host: attacker.example',
      );
      const { status, text } = await sendRaw(app.url, lied);
      expect([status, timeless(text)]).toEqual([200, timeless(plain.text)]);
    },
  );

  it('is in no Location, no Link and no invitation', async () => {
    await Promise.all([1, 2].map(() => user.call('POST', '/api/v1/data', { json: aRecord() })));
    const record = JSON.stringify(aRecord());
    const length = [`Content-Length: ${Buffer.byteLength(record)}`, 'Content-Type: application/json'];
    const created = await sendRaw(
      app.url,
      request('POST http://attacker.example/api/v1/data HTTP/1.1', [...forged, ...length, as(user)], record),
    );
    const listed = await sendRaw(
      app.url,
      request('GET http://attacker.example/api/v1/data?limit=1 HTTP/1.1', [...forged, as(user)]),
    );
    expect(created.headers.get('location')).toMatch(/^\/api\/v1\/data\/[0-9a-f-]{36}$/);
    expect(listed.headers.get('link')).toMatch(/^<\/api\/v1\/data\?limit=1&cursor=[\w-]+>; rel="next"$/);
    const person = JSON.stringify({ email: `${randomUUID()}@example.com` });
    const invited = await sendRaw(
      app.url,
      request(
        'POST /api/v1/users HTTP/1.1',
        [...forged, 'Content-Type: application/json', `Content-Length: ${person.length}`, as(admin)],
        person,
      ),
    );
    expect(JSON.parse(invited.text).invitationUrl).toMatch(/^http:\/\/localhost:3000\//);
  });
});

/** What a page of this origin asks before it may send what it wants to. */
const preflight = (call: TestApp['call'], origin: string, path: string, method = 'PATCH') =>
  call('OPTIONS', path, {
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'if-match' },
  });

const corsOf = ({ headers }: Answer) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

describe('CORS', () => {
  describe('without CORS_ORIGINS', () => {
    let app: TestApp;

    beforeAll(async () => {
      app = await startApp();
    });

    afterAll(() => app.stop());

    it('allows nobody anything', async () => {
      const answers = [
        await app.call('GET', '/health/live', { headers: { origin: LISTED } }),
        await preflight(app.call, LISTED, '/api/v1/data'),
        await app.call('GET', '/nowhere', { headers: { origin: 'null' } }),
      ];
      expect(answers.map(corsOf)).toEqual([{}, {}, {}]);
      expect(answers[0]?.headers.has('strict-transport-security')).toBe(false);
    });
  });

  describe('with CORS_ORIGINS', () => {
    let app: TestApp;
    let user: TestCaller;

    beforeAll(async () => {
      app = await startApp({ ...SETTINGS, CORS_CREDENTIALS: 'true' });
      user = await asUser(app);
    });

    afterAll(() => app.stop());

    it.each([LISTED, 'http://localhost:5173'])(
      'lets %s read answers and their fields, refusals too',
      async (origin) => {
        const ok = await user.call('GET', '/api/v1/users/me', { headers: { origin } });
        const refused = await app.call('GET', '/api/v1/users/me', { headers: { origin } });
        const unknown = await app.call('GET', '/nowhere', { headers: { origin } });
        expect([ok, refused, unknown].map(({ status }) => status)).toEqual([200, 401, 404]);
        for (const { headers } of [ok, refused, unknown]) {
          expect(headers.get('access-control-allow-origin')).toBe(origin);
          expect(headers.get('access-control-allow-credentials')).toBe('true');
          const exposed = headers.get('access-control-expose-headers');
          expect(exposed?.split(', ')).toEqual(expect.arrayContaining(['etag', 'www-authenticate', 'x-request-id']));
          expect(headers.get('vary')).toContain('Origin');
        }
      },
    );

    it.each([
      ['/api/v1/data', 'GET, HEAD, OPTIONS, POST'],
      [`/api/v1/data/${randomUUID()}`, 'DELETE, GET, HEAD, OPTIONS, PATCH'],
      ['/api/v1/users/me', 'GET, HEAD, OPTIONS, PATCH'],
    ])('lets it send what %s takes: %s', async (path, methods) => {
      const { status, headers } = await preflight(app.call, LISTED, path);
      expect(status).toBe(204);
      expect(headers.get('access-control-allow-origin')).toBe(LISTED);
      expect(headers.get('access-control-allow-methods')).toBe(methods);
      expect(headers.get('access-control-allow-headers')).toBe(
        'authorization, content-type, dpop, idempotency-key, if-match, if-none-match, x-api-key',
      );
      expect(headers.get('access-control-max-age')).toBe('600');
      expect(headers.get('allow')).toBe(methods);
    });

    const strangers = [
      'https://evil.example',
      'null',
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://app.example.com.evil.example',
      'https://evil.example/https://app.example.com',
      'https://sub.app.example.com',
      'https://APP.example.com',
      'https://app.example.comx',
      '',
    ];

    it.each(strangers)('shows nothing to a page of "%s"', async (origin) => {
      const read = await user.call('GET', '/api/v1/users/me', { headers: { origin } });
      const asked = await preflight(app.call, origin, '/api/v1/data');
      expect([read.status, asked.status]).toEqual([200, 204]);
      for (const { headers } of [read, asked]) {
        expect(headers.get('access-control-allow-origin')).toBeNull();
        expect(headers.get('access-control-allow-methods')).toBeNull();
        expect(headers.get('access-control-allow-headers')).toBeNull();
      }
    });

    it('leaves OPTIONS what it is: of any client, and not of paths that do not exist', async () => {
      const plain = await app.call('OPTIONS', '/api/v1/data');
      const unknown = await preflight(app.call, LISTED, '/nowhere');
      expect([plain.status, plain.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS, POST']);
      expect(plain.headers.get('access-control-allow-methods')).toBeNull();
      expect([unknown.status, unknown.body.code]).toEqual([404, 'not_found']);
    });

    it('comes with HSTS, because PUBLIC_URL is https', async () => {
      const { headers } = await app.call('GET', '/health/live');
      expect(headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains');
      const { headers: raw } = await sendRaw(app.url, 'nonsense\r\n\r\n');
      expect(raw.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains');
    });
  });

  it('may be for everybody, and then without credentials', async () => {
    const app = await startApp({ CORS_ORIGINS: '*' });
    const read = await app.call('GET', '/health/live', { headers: { origin: 'https://any.example' } });
    const asked = await preflight(app.call, 'https://any.example', '/api/v1/data');
    await app.stop();
    for (const { headers } of [read, asked]) {
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
    expect(asked.headers.get('access-control-allow-methods')).toBe('GET, HEAD, OPTIONS, POST');
    const unsafe = { ...app.settings, CORS_CREDENTIALS: 'true' };
    await expect(readEnv(unsafe)).rejects.toThrow('CORS_ORIGINS must name its origins');
  });
});

const as = (caller: TestCaller) => `Authorization: Bearer ${caller.token}`;
// Only security.txt tells a time, which moves.
const timeless = (answer: string) => answer.replace(/^Expires: .*$/m, '');
