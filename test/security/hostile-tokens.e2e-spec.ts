import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { asUser, login, type TestCaller, withKey } from '../support/callers.js';
import { footprintOf } from '../support/footprint.js';
import { hostileTokens, type World } from '../support/hostile-tokens.js';
import type { Answer, RequestOptions } from '../support/http.js';
import { request, sendRaw } from '../support/raw-http.js';
import { forgerOf, signingKeyOf, storeKey } from '../support/tokens.js';
import { until } from '../../scripts/lib/until.mjs';

const ME = '/api/v1/users/me';
const MINUTE_MS = 60_000;
/** Where tokens come from (RFC 9728), and the other way in which they are sent (RFC 9449). */
const BESIDE =
  'resource_metadata="http://localhost:3000/.well-known/oauth-protected-resource/api", DPoP algs="ES256 EdDSA Ed25519"';
const TOKEN_INVALID = {
  status: 401,
  code: 'token_invalid',
  challenge: `Bearer realm="rampart", error="invalid_token", ${BESIDE}`,
  type: 'application/problem+json; charset=utf-8',
};

let app: TestApp;
let user: TestCaller;
let world: World;

beforeAll(async () => {
  app = await startApp();
  user = await asUser(app);
  const gone = await login(app, user);
  await gone.call('POST', '/api/v1/auth/logout');
  const retired = { kid: 'retired', key: newKey() };
  await storeKey(app, retired.kid, retired.key, new Date(Date.now() - 1_000));
  world = {
    ...(await forgerOf(app, user)),
    other: await asUser(app),
    endedSession: gone.sessionId,
    retired,
    idTokens: await signingKeyOf(app, 'RS256'),
    apiKey: await withKey(app, user, { scopes: ['profile:read'] }),
    refreshToken: user.refreshToken,
    now: Math.floor(Date.now() / 1000),
  };
});

afterAll(() => app.stop());

describe('a good token', () => {
  it('passes, made with the same helper as the hostile ones', async () => {
    const { status, body } = await app.call('GET', ME, { token: world.token() });
    expect(status).toBe(200);
    expect(body.id).toBe(user.id);
  });

  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('passes with the scheme written %s', async (scheme) => {
    const { status } = await withAuthorization(`${scheme} ${world.token()}`);
    expect(status).toBe(200);
  });

  it('passes with members in another order and white space between them, which mean the same', async () => {
    const claims = JSON.stringify(Object.fromEntries(Object.entries(world.claims).toReversed()), null, 2);
    const { status } = await app.call('GET', ME, { token: world.token({ claims }) });
    expect(status).toBe(200);
  });

  it('passes with nbf in the past, and up to seconds before its time where clocks differ', async () => {
    const now = Math.floor(Date.now() / 1000);
    const past = await app.call('GET', ME, { token: world.token({ claims: { nbf: now - 60 } }) });
    const early = await app.call('GET', ME, { token: world.token({ claims: { iat: now + 2, exp: now + 60 } }) });
    expect([past.status, early.status]).toEqual([200, 200]);
  });
});

describe.each(Object.entries(hostileTokens))('a hostile token: %s', (_, cases) => {
  it.each(cases)('is refused with %s', async (_title, make) => {
    const made = make(world);
    const token = typeof made === 'string' ? made : world.token(made);
    expect(refusalOf(await app.call('GET', ME, { token }))).toEqual(TOKEN_INVALID);
  });
});

describe('all hostile tokens together', () => {
  it('are as many as there should be, and no two the same', () => {
    const titles = Object.values(hostileTokens).flatMap((cases) => cases.map(([title]) => title));
    expect(titles.length).toBeGreaterThanOrEqual(56);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('write nothing, and leave the good token good', async () => {
    const before = await footprintOf(app.db);
    const all = Object.values(hostileTokens).flat();
    const answers = await Promise.all(
      all.map(([, make]) => {
        const made = make(world);
        return app.call('GET', ME, { token: typeof made === 'string' ? made : world.token(made) });
      }),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(await footprintOf(app.db)).toEqual(before);
    const { status } = await app.call('GET', ME, { token: user.token });
    expect(status).toBe(200);
  });
});

describe('the Authorization field', () => {
  const hostile: readonly [string, (token: string) => string][] = [
    ['no value', () => ''],
    ['the scheme alone', () => 'Bearer'],
    ['the token alone', (token) => token],
    ['a tab after the scheme', (token) => `Bearer\t${token}`],
    ['a colon after the scheme', (token) => `Bearer: ${token}`],
    ['no space after the scheme', (token) => `Bearer${token}`],
    ['the scheme twice', (token) => `Bearer Bearer ${token}`],
    ...['Basic', 'JWT', 'Token', 'DPoP', 'Digest', 'ApiKey', 'X-Bearer', 'Bearerx'].map(
      (scheme) =>
        [`the scheme ${scheme}`, (token: string) => `${scheme} ${token}`] as [string, (token: string) => string],
    ),
    ['another scheme in front', (token) => `Basic YTpi, Bearer ${token}`],
  ];

  it.each(hostile)('is refused with %s', async (_, value) => {
    expect(refusalOf(await withAuthorization(value(world.token())))).toEqual(TOKEN_INVALID);
  });

  it.each(['good first', 'good last'])('is refused when it stands there twice, %s', async (order) => {
    const fields = [`Authorization: Bearer ${world.token()}`, 'Authorization: Bearer x'];
    const sent = request(`GET ${ME} HTTP/1.1`, order === 'good first' ? fields : fields.toReversed());
    const { status, text } = await sendRaw(app.url, sent);
    expect([status, JSON.parse(text)]).toEqual([400, expect.objectContaining({ code: 'credentials_ambiguous' })]);
  });
});

describe('a good credential in the wrong place', () => {
  const places: readonly [string, (token: string) => { path?: string; options: RequestOptions; method?: string }][] = [
    ['the query, as RFC 6750 once had it', (token) => ({ path: `${ME}?access_token=${token}`, options: {} })],
    ['the query as a key', () => ({ path: `${ME}?api_key=${world.apiKey.key}`, options: {} })],
    [
      'a cookie',
      (token) => ({ options: { headers: { cookie: `access_token=${token}; token=${token}; session=${token}` } } }),
    ],
    ['the body', (token) => ({ method: 'PATCH', options: { json: { access_token: token } } })],
    ['Proxy-Authorization', (token) => ({ options: { headers: { 'proxy-authorization': `Bearer ${token}` } } })],
    ['X-Access-Token', (token) => ({ options: { headers: { 'x-access-token': token } } })],
    [
      'X-Forwarded-Authorization',
      (token) => ({ options: { headers: { 'x-forwarded-authorization': `Bearer ${token}` } } }),
    ],
  ];

  it.each(places)('is not read: %s', async (_, place) => {
    const { path = ME, method = 'GET', options } = place(world.token());
    const { status, body, headers } = await app.call(method, path, options);
    expect([status, body.code]).toEqual([401, 'authentication_required']);
    expect(headers.get('www-authenticate')).toBe(`Bearer realm="rampart", ${BESIDE}`);
  });

  it('is no API key because it is a good token', async () => {
    const { status, body, headers } = await app.call('GET', ME, { key: world.token() });
    expect([status, body.code]).toEqual([401, 'key_invalid']);
    expect(headers.get('www-authenticate')).toContain('Bearer');
  });

  it('is not taken for the other kind because it was proved as its own', async () => {
    const known = await app.call('GET', ME, { key: world.apiKey.key });
    const crossed = await app.call('GET', ME, { token: world.apiKey.key });
    expect([known.status, crossed.status, crossed.body.code]).toEqual([200, 401, 'token_invalid']);
  });
});

describe('a key that retires', () => {
  it('verifies until then, and not after', async () => {
    const key = newKey();
    await storeKey(app, 'retiring', key, new Date(Date.now() + MINUTE_MS));
    // A token of its own each time: one that was proved is remembered.
    const status = async () =>
      (await app.call('GET', ME, { token: world.token({ header: { kid: 'retiring' }, key }) })).status;
    await until(async () => (await status()) === 200, 5_000);
    await app.db.query(`UPDATE signing_keys SET retired_at = now() - interval '1 second' WHERE kid = 'retiring'`);
    await until(async () => (await status()) === 401, 5_000);
    expect(await status()).toBe(401);
  });
});

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const withAuthorization = (authorization: string): Promise<Answer> =>
  app.call('GET', ME, { headers: { authorization } });

function refusalOf({ status, body, headers }: Answer) {
  return {
    status,
    code: String(body.code),
    challenge: headers.get('www-authenticate'),
    type: headers.get('content-type'),
  };
}
