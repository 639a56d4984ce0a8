import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from '../support/app.js';
import { asAdmin, asUser, type TestCaller } from '../support/callers.js';
import { aRecord } from '../support/factories.js';
import { footprintOf } from '../support/footprint.js';
import { request, sendRaw } from '../support/raw-http.js';
import { type RegisteredRoute, startAppWithRoutes } from '../support/routes.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'MKCOL', 'LOCK'];
/** These reach another route, which takes any word for an id and refuses it there. */
const SHADOWED = new Set([
  'DELETE /api/v1/users/me',
  'DELETE /api/v1/users/me/mfa',
  'DELETE /api/v1/users/me/passkeys/options',
  'PATCH /api/v1/users/me/passkeys/options',
]);

let app: TestApp & { readonly registered: readonly RegisteredRoute[] };
let user: TestCaller;
let admin: TestCaller;

beforeAll(async () => {
  app = await startAppWithRoutes();
  [user, admin] = [await asUser(app), await asAdmin(app)];
});

afterAll(() => app.stop());

const as = (caller: TestCaller) => `Authorization: Bearer ${caller.token}`;
const paths = () => [...new Set(app.registered.map(({ path }) => path))];
const concrete = (path: string) => path.replace(/:\w+/, randomUUID());

function allowOf(path: string): string {
  const methods = app.registered.filter((route) => route.path === path).map(({ method }) => method);
  return [...new Set([...methods, 'OPTIONS'])].toSorted().join(', ');
}

describe('every path', () => {
  it('answers 405 with what it takes to every other method', async () => {
    expect(paths().length).toBeGreaterThan(20);
    for (const path of paths()) {
      const refused = METHODS.filter((method) => !allowOf(path).split(', ').includes(method));
      for (const method of refused.filter((each) => !SHADOWED.has(`${each} ${path}`))) {
        const { status, headers } = await sendRaw(app.url, request(`${method} ${concrete(path)} HTTP/1.1`));
        expect({ path, method, status, allow: headers.get('allow') }).toEqual({
          path,
          method,
          status: 405,
          allow: allowOf(path),
        });
      }
    }
  });

  it('answers OPTIONS with what it takes, to anybody, without a body', async () => {
    for (const path of paths()) {
      const { status, headers, text } = await sendRaw(app.url, request(`OPTIONS ${concrete(path)} HTTP/1.1`));
      expect({ path, status, allow: headers.get('allow'), text }).toEqual({
        path,
        status: 204,
        allow: allowOf(path),
        text: '',
      });
    }
  });

  it('is known by its name alone where a word takes the place of an id', async () => {
    const { status } = await app.call('DELETE', '/api/v1/users/me');
    const { status: second, body } = await admin.call('DELETE', '/api/v1/users/me');
    expect([status, second, body.code]).toEqual([401, 400, 'validation_failed']);
  });

  it('does not exist when no route has it, for OPTIONS neither', async () => {
    const unknown = await Promise.all(['GET', 'OPTIONS', 'POST'].map((method) => app.call(method, '/api/v1/nowhere')));
    expect(unknown.map(({ status, body, headers }) => [status, body.code, headers.get('allow')])).toEqual(
      unknown.map(() => [404, 'not_found', null]),
    );
  });
});

describe('the method of a request', () => {
  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method'])(
    'is not what %s says',
    async (name) => {
      const { body } = await user.call('POST', '/api/v1/data', { json: aRecord() });
      const fields = [as(user), `${name}: DELETE`, 'If-Match: *'];
      const { status } = await sendRaw(app.url, request(`GET /api/v1/data/${body.id} HTTP/1.1`, fields));
      const posted = await sendRaw(app.url, request(`POST /api/v1/data/${body.id} HTTP/1.1`, fields));
      const still = await user.call('GET', `/api/v1/data/${body.id}`);
      expect([status, posted.status, still.status]).toEqual([200, 405, 200]);
    },
  );

  it('is not what a parameter says', async () => {
    const { status } = await user.call('GET', '/api/v1/users/me?_method=DELETE');
    expect(status).toBe(400);
  });
});

describe('another way to write /api/v1/users', () => {
  // Who may not see users stays out whatever the text; 403 and 200 say that it is the same route, by whose guards.
  const same = [
    '/api/v1/users',
    '/api/v1/users?',
    '/%61pi/v1/users',
    '/api/v1/%75sers',
    '/%61%70%69/%76%31/%75%73%65%72%73',
    'http://localhost/api/v1/users',
    'HTTP://any.example:1/api/v1/users',
    'http://user:password@any.example/%61pi/v1/users',
  ];
  const other = [
    '//api/v1/users',
    '///api/v1/users',
    '/api//v1/users',
    '/api/v1/users//',
    '/api/v1/users/',
    '/./api/v1/users',
    '/api/v1/./users',
    '/api/v1/data/../users',
    '/health/live/../../api/v1/users',
    '/api/v1/%2e%2e/v1/users',
    '/docs/..%2fapi%2fv1%2fusers',
    '/docs/%2e%2e/api/v1/users',
    '/api/v1%2fusers',
    '/api/v1%252fusers',
    '/api/v1/users%2f',
    '/api/v1/users%00',
    '/api/v1/users%20',
    '/api/v1/users%0a',
    '/api/v1/users%3f',
    '/api/v1/users;a=b',
    '/api/v1/users;/x',
    '/api/v1/users.',
    '/api/v1/users.json',
    '/api/v1/users*',
    '/api/v1/*',
    '/API/v1/users',
    '/api/V1/users',
    '/api/v1/USERS',
    '/api/v1/\u017fers',
    '/api/v2/users',
    '/api/users',
    '/v1/users',
    '/users',
  ];

  it.each(same)('is the same route behind the same guards: %s', async (target) => {
    const line = `GET ${target} HTTP/1.1`;
    const nobody = await sendRaw(app.url, request(line));
    const refused = await sendRaw(app.url, request(line, [as(user)]));
    const allowed = await sendRaw(app.url, request(line, [as(admin)]));
    expect([nobody.status, refused.status, allowed.status]).toEqual([401, 403, 200]);
  });

  it('is guarded with a fragment too, which is no part of a request: 400 for who may come in', async () => {
    const line = 'GET /api/v1/users#x HTTP/1.1';
    const refused = await sendRaw(app.url, request(line, [as(user)]));
    const allowed = await sendRaw(app.url, request(line, [as(admin)]));
    expect([refused.status, allowed.status]).toEqual([403, 400]);
  });

  it.each(other)('is no route: %s', async (target) => {
    const bytes = Buffer.from(request(`GET ${target} HTTP/1.1`, [as(admin)]), 'utf8');
    const { status, text } = await sendRaw(app.url, bytes);
    expect([400, 404]).toContain(status);
    expect(text).not.toContain(user.email);
  });

  it.each(['/%61pi/v1/users/me', 'http://any.example/api/v1/users/me'])(
    'refuses what the route does not declare, like the route itself: %s',
    async (target) => {
      const { status, text } = await sendRaw(app.url, request(`GET ${target}?x=1 HTTP/1.1`, [as(user)]));
      expect([status, JSON.parse(text).code]).toEqual([400, 'validation_failed']);
    },
  );
});

describe('the query', () => {
  it.each([
    ['a parameter twice', '/api/v1/data?limit=1&limit=2'],
    ['a parameter twice, the same', '/api/v1/data?limit=1&limit=1'],
    ['a list', '/api/v1/data?tag[]=a'],
    ['an object', '/api/v1/data?tag[a]=b'],
    ['an unknown parameter', '/api/v1/data?offset=1'],
    ['a name in another case', '/api/v1/data?Limit=1'],
    ['__proto__', '/api/v1/data?__proto__=1'],
    ['constructor', '/api/v1/data?constructor=1'],
    ['toString', '/api/v1/data?toString=1'],
    ['an empty name', '/api/v1/data?=1'],
    ['an empty value', '/api/v1/data?limit='],
    ['a parameter where the route takes none', '/api/v1/users/me?a=1'],
    ['a parameter where the route takes a body', '/api/v1/api-keys?a=1'],
    ['bad percent encoding', '/api/v1/data?sort=%zz'],
    ['bad UTF-8', '/api/v1/data?sort=%ff'],
    ['U+0000', '/api/v1/data?q=%00'],
  ])('is refused with %s, and nothing is written', async (_, path) => {
    const before = await footprintOf(app.db);
    const { status, body } = await user.call('GET', path);
    expect([status, body.code]).toEqual([400, 'validation_failed']);
    expect(body.errors.length).toBeGreaterThan(0);
    expect(await footprintOf(app.db)).toEqual(before);
  });
});
