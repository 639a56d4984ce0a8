import { createHmac, type KeyObject, randomUUID, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, claimsOf, type TestCaller } from './support/callers.js';
import { aPersonAt, aWebClient, type Person, startOAuth } from './support/code-flow.js';
import { aRecord } from './support/factories.js';
import { aMachine, machineToken, post, type TestClient } from './support/oauth.js';
import { type Forger, type Forgery, forgerOf, signingKeyOf } from './support/tokens.js';
import { steppedUp, withTotp } from './support/totp.js';

/** A token and everything it was made from. */
interface Given {
  readonly person: Person;
  readonly client: TestClient;
  readonly token: string;
  readonly claims: Record<string, unknown>;
  readonly idToken: string;
}

let app: TestApp;
let one: Given;
let two: Given;
/** The same client for another person. */
let sibling: Given;
let machine: TestClient;
let machineClaims: Record<string, unknown>;
let forger: Forger;
let rsa: { kid: string; key: KeyObject };

beforeAll(async () => {
  app = await startOAuth();
  const admin: TestCaller = await steppedUp(app, await withTotp(app, await asAdmin(app)));
  one = await given(await aWebClient(admin), 'openid data:read');
  two = await given(await aWebClient(admin), 'openid data:read data:write');
  sibling = await given(one.client, 'openid data:read data:write');
  machine = await aMachine(admin);
  machineClaims = claimsOf(await machineToken(app, machine));
  forger = await forgerOf(app, { ...one.person.caller, token: one.token });
  rsa = await signingKeyOf(app, 'RS256');
});
afterAll(() => app.stop());

async function given(client: TestClient, scope: string): Promise<Given> {
  const person = await aPersonAt(app);
  const { access_token: token, id_token: idToken } = await person.tokens(client, { scope });
  await app.call('POST', '/api/v1/data', { json: aRecord(), token: person.caller.token });
  return { person, client, token, claims: claimsOf(token), idToken };
}

const list = (token: string) => app.call('GET', '/api/v1/data', { token });

/** Expects 401, and that nobody is told more than that by introspection. */
async function expectRefused(forgery: Forgery | string): Promise<void> {
  const token = typeof forgery === 'string' ? forgery : forger.token(forgery);
  const { status, body, headers } = await list(token);
  expect([status, body.code, headers.get('www-authenticate')]).toEqual([
    401,
    'token_invalid',
    expect.stringContaining('error="invalid_token"'),
  ]);
  for (const { client } of [one, two]) {
    expect((await post(app, 'introspect', { token }, client)).body).toEqual({ active: false });
  }
}

describe('a token of a grant', () => {
  it('passes, made with the same helper as those below, and shows the records of the person', async () => {
    const { status, body } = await list(forger.token());
    expect([status, body.items.length]).toEqual([200, 1]);
    expect(forger.header).toEqual(JSON.parse(Buffer.from(one.token.split('.')[0] ?? '', 'base64url').toString()));
  });

  const mixes: [string, () => Record<string, unknown>][] = [
    ['the client of another grant', () => ({ client_id: two.client.id })],
    ['the person of another grant', () => ({ sub: two.claims['sub'] })],
    ['another grant', () => ({ grant_id: two.claims['grant_id'] })],
    ['client and grant of another', () => ({ client_id: two.client.id, grant_id: two.claims['grant_id'] })],
    ['person and grant of another', () => ({ sub: two.claims['sub'], grant_id: two.claims['grant_id'] })],
    ['person and client of another', () => ({ sub: two.claims['sub'], client_id: two.client.id })],
    ['the grant of another person for the client', () => ({ grant_id: sibling.claims['grant_id'] })],
    ['another person of the client', () => ({ sub: sibling.claims['sub'] })],
    ['no grant', () => ({ grant_id: undefined })],
    ['null as grant', () => ({ grant_id: null })],
    ['an empty grant', () => ({ grant_id: '' })],
    ['a list of grants', () => ({ grant_id: [one.claims['grant_id'], two.claims['grant_id']] })],
    ['a grant of nobody', () => ({ grant_id: randomUUID() })],
    ['the client as grant', () => ({ grant_id: one.client.id })],
    ['the client as person', () => ({ sub: one.client.id })],
    ['the client as person, and no grant', () => ({ sub: one.client.id, grant_id: undefined })],
    ['the person as client', () => ({ client_id: one.claims['sub'] })],
    ['the person as client, and no grant', () => ({ client_id: one.claims['sub'], grant_id: undefined })],
    ['a client of nobody', () => ({ client_id: randomUUID() })],
    ['the first party as client', () => ({ client_id: 'first-party' })],
    ['the first party as client, and no grant', () => ({ client_id: 'first-party', grant_id: undefined })],
    ['a session besides', () => ({ sid: one.person.caller.sessionId })],
    ['a session in place of the grant', () => ({ sid: one.person.caller.sessionId, grant_id: undefined })],
    ['the grant as session', () => ({ sid: one.claims['grant_id'], client_id: 'first-party' })],
    ['a machine as client', () => ({ client_id: machine.id })],
    ['a machine as client and person', () => ({ client_id: machine.id, sub: machine.id })],
    ['an id that is no id', () => ({ jti: 'x' })],
    ['the userinfo endpoint as audience', () => ({ aud: `${app.url}/oauth/userinfo` })],
    ['the client as audience', () => ({ aud: one.client.id })],
    ['two audiences', () => ({ aud: [`${app.url}/api`, one.client.id] })],
  ];
  it.each(mixes)('is nothing with %s', async (_, claims) => {
    await expectRefused({ claims: claims() });
  });

  it('holds no more than was allowed, whatever is written in it', async () => {
    const scope = 'data:read data:write data:restricted users:read profile:read';
    const token = forger.token({ claims: { scope } });
    expect((await list(token)).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/api/v1/data'],
      ['GET', '/api/v1/users'],
      ['GET', '/api/v1/users/me'],
    ] as const) {
      const answer = await app.call(method, path, { token, ...(method === 'POST' && { json: aRecord() }) });
      expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_scope']);
    }
    expect((await post(app, 'introspect', { token }, one.client)).body.scope).toBe('data:read');
  });

  it('is strong for nobody, whatever is written in it', async () => {
    const claims = { acr: 'aal2', auth_time: Math.floor(Date.now() / 1000), scope: 'sessions:write clients:write' };
    const { status } = await app.call('POST', '/api/v1/auth/step-up', {
      token: forger.token({ claims }),
      json: { password: one.person.caller.password },
    });
    expect(status).toBe(403);
  });
});

describe('a token of a machine', () => {
  const mixes: [string, () => Record<string, unknown>][] = [
    ['a person as subject', () => ({ sub: one.claims['sub'] })],
    ['a person as subject, and their grant', () => ({ sub: one.claims['sub'], grant_id: one.claims['grant_id'] })],
    ['a grant', () => ({ grant_id: one.claims['grant_id'] })],
    ['another client', () => ({ client_id: one.client.id })],
    ['another client as client and subject', () => ({ client_id: one.client.id, sub: one.client.id })],
    ['a session', () => ({ sid: one.person.caller.sessionId })],
  ];
  it.each(mixes)('is nothing with %s', async (_, claims) => {
    await expectRefused({ claims: { ...bare(), ...machineClaims, jti: randomUUID(), ...claims() } });
  });

  it('passes as it is, with its own scopes alone', async () => {
    const scope = 'data:read data:write users:write audit:read';
    const token = forger.token({ claims: { ...bare(), ...machineClaims, jti: randomUUID(), scope } });
    expect((await list(token)).body).toEqual({ items: [], nextCursor: null });
    expect((await app.call('GET', '/api/v1/users', { token })).body.code).toBe('insufficient_scope');
  });

  /** What the forger would add of the grant. */
  const bare = () => Object.fromEntries(Object.keys(forger.claims).map((name) => [name, undefined]));
});

describe('a token in the algorithm, by the key or with the type of another', () => {
  const rs256 = (hash: string, key: KeyObject) => (input: string) => sign(hash, Buffer.from(input), key);
  const cases: [string, () => Forgery | string][] = [
    [
      'RS256 by the key of ID tokens',
      () => ({ header: { alg: 'RS256', kid: rsa.kid }, signature: rs256('sha256', rsa.key) }),
    ],
    ['RS256 under the kid of access tokens', () => ({ header: { alg: 'RS256' }, signature: rs256('sha256', rsa.key) })],
    ['the key of ID tokens, called ES256', () => ({ header: { kid: rsa.kid }, signature: rs256('sha256', rsa.key) })],
    [
      'PS256 by the key of ID tokens',
      () => ({ header: { alg: 'PS256', kid: rsa.kid }, signature: rs256('sha256', rsa.key) }),
    ],
    ['ES256 under the kid of ID tokens', () => ({ header: { kid: rsa.kid } })],
    [
      'HS256 by the secret of the client',
      () => ({ header: { alg: 'HS256' }, signature: hmac(one.client.secret ?? '') }),
    ],
    ['typ JWT', () => ({ header: { typ: 'JWT' } })],
    ['typ of the long form', () => ({ header: { typ: 'application/at+jwt' } })],
    ['typ AT+JWT', () => ({ header: { typ: 'AT+JWT' } })],
    ['typ dpop+jwt', () => ({ header: { typ: 'dpop+jwt' } })],
    ['no typ', () => ({ header: { typ: undefined } })],
    [
      'the header of an ID token',
      () =>
        one.idToken
          .split('.')
          .with(1, one.token.split('.')[1] ?? '')
          .join('.'),
    ],
    ['the claims of an ID token', () => ({ claims: JSON.stringify(claimsOf(one.idToken)) })],
    [
      'the claims of an ID token, for the API',
      () => ({ claims: JSON.stringify({ ...claimsOf(one.idToken), aud: one.claims['aud'] }) }),
    ],
  ];
  it.each(cases)('is nothing: %s', async (_, make) => {
    await expectRefused(make());
  });

  const hmac = (secret: string) => (input: string) => createHmac('sha256', secret).update(input).digest();
});
