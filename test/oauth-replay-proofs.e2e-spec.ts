import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, type TestCaller } from './support/callers.js';
import { startOAuth } from './support/code-flow.js';
import { aProofKey, proofOf } from './support/dpop.js';
import type { Answer, Call } from './support/http.js';
import { aMachine, post, type TestClient } from './support/oauth.js';
import { type Instance, startInstance } from './support/process.js';
import { steppedUp, withTotp } from './support/totp.js';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let app: TestApp;
let second: Instance;
let admin: TestCaller;
let signer: TestClient & { key: KeyObject };

beforeAll(async () => {
  app = await startOAuth();
  second = await startInstance({ ...app.settings, PORT: '0' });
  admin = await steppedUp(app, await withTotp(app, await asAdmin(app)));
  signer = await aSigner();
});
afterAll(async () => {
  await second.stop();
  await app.stop();
});

async function aSigner() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = [{ ...(publicKey.export({ format: 'jwk' }) as JWK), kid: 'first' }];
  const client = await aMachine(admin, { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys } });
  return { ...client, key: privateKey };
}

const now = () => Math.floor(Date.now() / 1000);

/** An assertion by which a client proves itself (RFC 7523), but for these claims. */
const assertionOf = ({ id, key }: typeof signer, claims: Record<string, unknown> = {}): Promise<string> =>
  new SignJWT({
    iss: id,
    sub: id,
    aud: `${app.url}/oauth`,
    jti: randomUUID(),
    iat: now(),
    exp: now() + 60,
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', kid: 'first' })
    .sign(key);

const withAssertion = (to: { call: Call }, assertion: string): Promise<Answer> =>
  post(to, 'token', {
    grant_type: 'client_credentials',
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: assertion,
  });

const atOnce = (count: number, send: (to: { call: Call }) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => send(i % 2 ? second : app)));

const of = (answers: Answer[]): string[] => answers.map(({ status, body }) => `${status} ${body?.error ?? body?.code}`);

describe('a client assertion', () => {
  it('proves who the client is once, of 50 over two processes', async () => {
    const assertion = await assertionOf(signer);
    const answers = of(await atOnce(50, (to) => withAssertion(to, assertion)));
    expect(answers.filter((answer) => answer.startsWith('200'))).toHaveLength(1);
    expect(answers.filter((answer) => answer === '401 invalid_client')).toHaveLength(49);
    for (const to of [app, second]) expect(of([await withAssertion(to, assertion)])).toEqual(['401 invalid_client']);
  });

  it('is used up at one endpoint for all of them', async () => {
    const assertion = await assertionOf(signer);
    expect((await withAssertion(app, assertion)).status).toBe(200);
    const form = { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion, token: 'x' };
    for (const endpoint of ['introspect', 'revoke']) {
      expect(of([await post(second, endpoint, form)])).toEqual(['401 invalid_client']);
    }
  });

  it('may have the id of one of another client', async () => {
    const [other, jti] = [await aSigner(), randomUUID()];
    expect((await withAssertion(app, await assertionOf(signer, { jti }))).status).toBe(200);
    expect((await withAssertion(app, await assertionOf(other, { jti }))).status).toBe(200);
    expect((await withAssertion(app, await assertionOf(signer, { jti }))).status).toBe(401);
  });

  it.each<[string, Record<string, unknown>]>([
    ['has no id', { jti: undefined }],
    ['is over', { exp: now() - 60 }],
    ['never ends', { exp: undefined }],
    ['ends later than in an hour', { exp: now() + 3700 }],
    ['ends when no database can say', { exp: 1e15 }],
    ['ends in the middle of a second of another age', { exp: 1.5e10 + 0.5 }],
    ['is for another issuer', { aud: 'https://other.example/oauth' }],
    ['is for nobody', { aud: undefined }],
    ['is of another issuer', { iss: randomUUID() }],
    ['is about another client', { sub: randomUUID() }],
    ['is not yet good', { nbf: now() + 600 }],
  ])('proves nothing when it %s', async (_, claims) => {
    const answer = await withAssertion(app, await assertionOf(signer, claims));
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
  });

  it('is remembered for two hours at most, so that nobody fills a table with them', async () => {
    expect((await withAssertion(app, await assertionOf(signer, { exp: now() + 3500 }))).status).toBe(200);
    const sql = `SELECT count(*)::int AS all, count(*) FILTER (WHERE expires_at > now() + interval '121 minutes')::int AS late
      FROM used_proofs`;
    expect(await app.db.query(sql)).toEqual([{ all: expect.any(Number), late: 0 }]);
  });

  it('proves nothing when another key signed it', async () => {
    const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(of([await withAssertion(app, await assertionOf({ ...signer, key }))])).toEqual(['401 invalid_client']);
  });
});

describe('a DPoP proof', () => {
  it('gets one token, of 50 over two processes', async () => {
    const [machine, key] = [await aMachine(admin), await aProofKey()];
    const dpop = await proofOf(key, ['POST', `${app.url}/oauth/token`]);
    const form = { grant_type: 'client_credentials' };
    const answers = of(await atOnce(50, (to) => post(to, 'token', form, machine, { dpop })));
    expect(answers.filter((answer) => answer.startsWith('200'))).toHaveLength(1);
    expect(new Set(answers.filter((answer) => !answer.startsWith('200')))).toEqual(new Set(['400 invalid_grant']));
  });

  it('opens the API once, of 50 over two processes', async () => {
    const [machine, key] = [await aMachine(admin), await aProofKey()];
    const { body } = await post(app, 'token', { grant_type: 'client_credentials' }, machine, {
      dpop: await proofOf(key, ['POST', `${app.url}/oauth/token`]),
    });
    const headers = async () => ({
      authorization: `DPoP ${body.access_token}`,
      dpop: await proofOf(key, ['GET', `${app.url}/api/v1/data`], body.access_token),
    });
    const same = await headers();
    const answers = of(await atOnce(50, ({ call }) => call('GET', '/api/v1/data', { headers: same })));
    expect(answers.filter((answer) => answer.startsWith('200'))).toHaveLength(1);
    expect(new Set(answers.filter((answer) => !answer.startsWith('200')))).toEqual(new Set(['401 dpop_proof_invalid']));
    for (const { call } of [app, second]) {
      expect((await call('GET', '/api/v1/data', { headers: await headers() })).status).toBe(200);
    }
  });
});
