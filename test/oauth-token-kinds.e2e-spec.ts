import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, claimsOf, type TestCaller, withKey } from './support/callers.js';
import { aPersonAt, aWebClient, type Person, refresh, startOAuth } from './support/code-flow.js';
import { aProofKey, proofOf } from './support/dpop.js';
import type { Answer } from './support/http.js';
import { aMachine, machineToken, post, type TestClient } from './support/oauth.js';
import { steppedUp, withTotp } from './support/totp.js';

const API_SCOPES = [
  'data:read',
  'data:write',
  'data:restricted',
  'profile:read',
  'profile:write',
  'keys:read',
  'keys:write',
  'clients:read',
  'clients:write',
  'sessions:read',
  'sessions:write',
];

let app: TestApp;
let person: Person;
let mine: TestClient;
let other: TestClient;
let machine: TestClient;
/** Every kind of text that opens something somewhere. */
let kinds: Record<string, string>;
/** What `mine` has for the person. */
let tokens: Answer['body'];

beforeAll(async () => {
  app = await startOAuth();
  const admin: TestCaller = await steppedUp(app, await withTotp(app, await asAdmin(app)));
  person = await aPersonAt(app);
  const scopes = ['openid', 'profile', 'email', ...API_SCOPES];
  [mine, other] = [await aWebClient(admin, { scopes }), await aWebClient(admin, { scopes })];
  machine = await aMachine(admin);
  tokens = await person.tokens(mine, { scope: `openid ${API_SCOPES.join(' ')}` });
  const theirs = await person.tokens(other, { scope: 'openid data:read' });
  const key = await aProofKey();
  kinds = {
    'an ID token': tokens.id_token,
    'a refresh token': tokens.refresh_token,
    'an authorization code': (await person.code(mine))['code'] ?? '',
    'an opaque token for userinfo': (await person.tokens(mine, { scope: 'openid profile' })).access_token,
    'an access token': tokens.access_token,
    'an access token of a machine': await machineToken(app, machine),
    'an access token of another client': theirs.access_token,
    'a refresh token of another client': theirs.refresh_token,
    'an opaque token of another client': (await person.tokens(other, { scope: 'openid' })).access_token,
    'an ID token of another client': theirs.id_token,
    'a first-party access token': person.caller.token,
    'a first-party refresh token': person.caller.refreshToken,
    'an API key': (await withKey(app, person.caller)).key,
    'a DPoP proof': await proofOf(key, ['GET', `${app.url}/api/v1/data`]),
    'a client secret': mine.secret ?? '',
    'a client id': mine.id,
    'a session of a browser': [...person.browser.cookies().values()].map(({ value }) => value).toSorted()[0] ?? '',
  };
});
afterAll(() => app.stop());

const FOR_THE_API = [
  'an access token',
  'an access token of a machine',
  'an access token of another client',
  'a first-party access token',
];
const titles = [
  'an ID token',
  'a refresh token',
  'an authorization code',
  'an opaque token for userinfo',
  'a refresh token of another client',
  'an opaque token of another client',
  'an ID token of another client',
  'a first-party refresh token',
  'an API key',
  'a DPoP proof',
  'a client secret',
  'a client id',
  'a session of a browser',
];
const textOf = (title: string): string => {
  const text = kinds[title];
  if (!text) throw new Error(`there is no ${title}`);
  return text;
};

describe('GET /api/v1/data', () => {
  it.each(FOR_THE_API)('takes %s', async (title) => {
    expect((await app.call('GET', '/api/v1/data', { token: textOf(title) })).status).toBe(200);
  });

  it.each(titles)('refuses %s in place of an access token', async (title) => {
    for (const scheme of ['Bearer', 'DPoP']) {
      const headers = { authorization: `${scheme} ${textOf(title)}` };
      const { status, body } = await app.call('GET', '/api/v1/data', { headers });
      expect([status, body.code]).toEqual([401, 'token_invalid']);
    }
    if (title === 'an API key') return;
    const asKey = await app.call('GET', '/api/v1/data', { key: textOf(title) });
    expect([asKey.status, asKey.body.code]).toEqual([401, 'key_invalid']);
  });

  it('reads no token in the query or in a form', async () => {
    const token = textOf('an access token');
    for (const name of ['access_token', 'token', 'bearer']) {
      const { status } = await app.call('GET', `/api/v1/data?${name}=${token}`);
      expect(status).toBe(401);
    }
    const answer = await app.call('POST', '/api/v1/data', {
      raw: `access_token=${token}`,
      type: 'application/x-www-form-urlencoded',
    });
    expect([401, 415]).toContain(answer.status);
  });
});

describe('GET /oauth/userinfo', () => {
  const OPAQUE = 'an opaque token for userinfo';

  it('takes the token that is for it, and keeps to its scopes', async () => {
    const { status, body } = await app.call('GET', '/oauth/userinfo', { token: textOf(OPAQUE) });
    expect([status, body.sub, body.email]).toEqual([200, person.caller.id, undefined]);
  });

  it.each([...FOR_THE_API, ...titles.filter((title) => !title.includes('opaque'))])('refuses %s', async (title) => {
    for (const method of ['GET', 'POST']) {
      const answer = await app.call(method, '/oauth/userinfo', { token: textOf(title) });
      expect([answer.status, answer.body.error, answer.body.sub]).toEqual([401, 'invalid_token', undefined]);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm=.*error="invalid_token"/);
    }
  });

  it('reads no token in the query', async () => {
    const { status, body } = await app.call('GET', `/oauth/userinfo?access_token=${textOf(OPAQUE)}`);
    expect([status, body.sub]).toEqual([400, undefined]);
  });
});

describe('POST /oauth/introspect', () => {
  const ask = (token: string, hint?: string) =>
    post(app, 'introspect', { token, ...(hint && { token_type_hint: hint }) }, mine);

  it('tells a client of its own tokens', async () => {
    expect((await ask(textOf('an access token'))).body).toMatchObject({
      active: true,
      sub: person.caller.id,
      client_id: mine.id,
    });
    for (const title of ['a refresh token', 'an opaque token for userinfo']) {
      expect((await ask(textOf(title))).body).toMatchObject({ active: true, client_id: mine.id });
    }
  });

  it.each([
    'an access token of a machine',
    'an access token of another client',
    'a refresh token of another client',
    'an opaque token of another client',
    'a first-party access token',
    'an ID token',
    'an authorization code',
    ...titles.slice(6),
  ])('answers of %s what it answers of an invented one', async (title) => {
    const bare = ({ status, text, headers }: Answer) => [status, text, headers.get('content-type')];
    const invented = bare(await ask(randomUUID()));
    expect(invented).toEqual([200, '{"active":false}', 'application/json; charset=utf-8']);
    for (const hint of [undefined, 'access_token', 'refresh_token', 'authorization_code', 'x']) {
      expect(bare(await ask(textOf(title), hint))).toEqual(invented);
    }
  });
});

describe('POST /oauth/revoke', () => {
  it.each([
    'an access token of a machine',
    'an access token of another client',
    'a refresh token of another client',
    'an opaque token of another client',
    'a first-party access token',
    'a first-party refresh token',
    'an authorization code',
    'an API key',
  ])('leaves %s alone, without a word', async (title) => {
    for (const hint of ['access_token', 'refresh_token']) {
      const { status, text } = await post(app, 'revoke', { token: textOf(title), token_type_hint: hint }, mine);
      expect([status, text]).toEqual([200, '']);
    }
    for (const each of FOR_THE_API) {
      expect((await app.call('GET', '/api/v1/data', { token: textOf(each) })).status).toBe(200);
    }
    expect((await app.call('GET', '/api/v1/data', { key: textOf('an API key') })).status).toBe(200);
    expect(
      (await app.call('GET', '/oauth/userinfo', { token: textOf('an opaque token of another client') })).status,
    ).toBe(200);
  });

  it('left the refresh tokens of others, which still work', async () => {
    const { status, body } = await refresh(app, other, textOf('a refresh token of another client'));
    expect(status).toBe(200);
    expect(claimsOf(body.access_token)['client_id']).toBe(other.id);
    const json = { refresh_token: textOf('a first-party refresh token') };
    expect((await app.call('POST', '/api/v1/auth/refresh', { json })).status).toBe(200);
  });
});

describe('a token that a person has given to a client', () => {
  const routes = readFileSync('test/security/declared-access.txt', 'utf8')
    .split('\n')
    .filter((line) => line.includes('first-party') && !line.includes('users:write'))
    .map((line) => line.split(/\s+/) as [string, string]);

  it.each(routes)('opens no route of the person alone: %s %s', async (method, path) => {
    const url = path.replace(':id', randomUUID());
    const token = textOf('an access token');
    const { status, body } = await app.call(method, url, { token, ...(method !== 'GET' && { json: {} }) });
    expect([status, body.code]).toEqual([403, 'first_party_required']);
  });

  it('opens the others, as far as its scopes go', async () => {
    expect(routes.length).toBeGreaterThan(20);
    const token = textOf('an access token');
    for (const path of ['/api/v1/users/me', '/api/v1/api-keys', '/api/v1/oauth-clients']) {
      expect((await app.call('GET', path, { token })).status).toBe(200);
    }
    const few = textOf('an access token of another client');
    expect((await app.call('GET', '/api/v1/users/me', { token: few })).body.code).toBe('insufficient_scope');
  });
});
