import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asUser, type TestCaller, withKey } from '../support/callers.js';
import { aPerson } from '../support/factories.js';
import type { Answer, Call, RequestOptions } from '../support/http.js';
import { exhaust, exhausted, outcome, startWall, WALL, type Wall } from '../support/wall.js';

const ME = '/api/v1/users/me';
const PAGE = 'https://app.example.com';

let app: Wall;
let user: TestCaller;
let key: string;

beforeAll(async () => {
  // Only the anonymous window is small: what is refused here is refused by it.
  app = await startWall({ RATE_LIMIT_SENSITIVE: '1000/hour', RATE_LIMIT_ADDRESS: '1000/hour', CORS_ORIGINS: PAGE });
  user = await asUser(app);
  ({ key } = await withKey(app, user, { scopes: ['profile:read'] }));
});

afterAll(() => app.stop());

/** Requests that end without a principal, and what each is answered while there is room. */
const anonymous: readonly [title: string, expected: string, send: (here: Call) => Promise<Answer>][] = [
  ['no credential', '401 authentication_required', (here) => here('GET', ME)],
  ['a bad token', '401 token_invalid', (here) => here('GET', ME, { token: 'x' })],
  ['a bad key', '401 key_invalid', (here) => here('GET', ME, { key: 'x' })],
  ['two credentials', '400 credentials_ambiguous', (here) => here('GET', ME, { key, token: user.token })],
  ['an unknown path', '404 not_found', (here) => here('GET', '/nowhere')],
  ['an unknown path, with a good token', '404 not_found', (here) => here('GET', '/nowhere', { token: user.token })],
  ['a wrong method', '405 method_not_allowed', (here) => here('PUT', ME, { token: user.token })],
  ['OPTIONS', '204', (here) => here('OPTIONS', ME)],
  ['a preflight', '204', (here) => here('OPTIONS', ME, preflight)],
  ['a malformed body', '400 body_malformed', (here) => here('POST', '/api/v1/data', { token: user.token, raw: '{' })],
  ['a body too large', '413 body_too_large', (here) => here('POST', '/api/v1/data', large())],
  [
    'a media type',
    '415 media_type_unsupported',
    (here) => here('POST', '/api/v1/data', { raw: '<', type: 'text/xml' }),
  ],
  ['a bad URL', '400 url_malformed', (here) => here('GET', '/api/v1/data/%zz', { token: user.token })],
  ['a URL too long', '414 url_too_long', (here) => here('GET', `/api/v1/data/${'x'.repeat(300)}`)],
  ['a wrong password', '401 credentials_invalid', (here) => here('POST', '/api/v1/auth/login', { json: aPerson() })],
  [
    'invalid input of a public route',
    '400 validation_failed',
    (here) => here('POST', '/api/v1/auth/login', { json: {} }),
  ],
  ['a registration that succeeds', '202', (here) => here('POST', '/api/v1/auth/register', { json: aPerson() })],
];

const preflight = { headers: { origin: PAGE, 'access-control-request-method': 'PATCH' } };
const large = (): RequestOptions => ({ token: user.token, raw: ' '.repeat(102_401) });

describe('the anonymous window', () => {
  it.each(anonymous)('counts %s', async (_, expected, send) => {
    const here = app.from(app.address());
    const answers: Answer[] = [];
    for (let i = 0; i < WALL.anonymous; i += 1) answers.push(await send(here));
    expect(answers.map(outcome)).toEqual(answers.map(() => expected));
    const refused = await send(here);
    expect([outcome(refused), exhausted(refused)]).toEqual(['429 rate_limited', ['anonymous']]);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it.each<[string, (here: Call) => Promise<Answer>]>([
    ['a good token', (here) => here('GET', ME, { token: user.token })],
    ['a good key', (here) => here('GET', ME, { key })],
    ['somebody who may not', (here) => here('GET', '/api/v1/users', { token: user.token })],
    ['somebody whose input is invalid', (here) => here('GET', '/api/v1/data?x=1', { token: user.token })],
    [
      'somebody who asks for what is not there',
      (here) => here('GET', `/api/v1/data/${user.id}`, { token: user.token }),
    ],
  ])('does not count %s: that is a principal', async (_, send) => {
    const here = app.from(app.address());
    await send(here);
    const { headers } = await here('GET', '/nowhere');
    expect(headers.get('ratelimit')).toContain(`"anonymous";r=${WALL.anonymous - 1};`);
  });

  it('is one for all kinds of requests of nobody', async () => {
    const here = app.from(app.address());
    for (const [, , send] of anonymous.slice(0, WALL.anonymous)) await send(here);
    expect(outcome(await here('GET', '/nowhere'))).toBe('429 rate_limited');
  });
});

describe('health and discovery', () => {
  const paths = [
    '/health/live',
    '/health/ready',
    '/.well-known/jwks.json',
    '/.well-known/security.txt',
    '/openapi.json',
    '/docs',
    '/docs/docs.js',
    '/docs/nothing',
  ];

  it.each(paths)('count by address alone: %s', async (path) => {
    const here = app.from(app.address());
    const { headers } = await here('GET', path, { token: user.token });
    expect(headers.get('ratelimit-policy')).toBe('"address";q=1000;w=3600');
    await exhaust(WALL.anonymous + 1, () => here('GET', path));
    const { headers: after } = await here('GET', '/nowhere');
    expect(after.get('ratelimit')).toContain(`"anonymous";r=${WALL.anonymous - 1};`);
  });

  it('answer where nobody may ask for anything else any more', async () => {
    const here = app.from(app.address());
    await exhaust(WALL.anonymous, () => here('GET', '/nowhere'));
    const answers = [await here('GET', '/nowhere'), await here('GET', '/health/live'), await here('GET', '/docs')];
    expect(answers.map(({ status }) => status)).toEqual([429, 200, 200]);
  });
});
