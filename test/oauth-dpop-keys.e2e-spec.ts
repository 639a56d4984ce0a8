import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { exportJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, claimsOf, type TestCaller } from './support/callers.js';
import { aPersonAt, aPublicClient, aWebClient, type Person, startOAuth } from './support/code-flow.js';
import { aProofKey, type ProofKey, proofOf } from './support/dpop.js';
import type { Answer } from './support/http.js';
import { aMachine, basic, post, type TestClient } from './support/oauth.js';
import { sendLines } from './support/raw-http.js';
import { encoded } from './support/tokens.js';
import { steppedUp, withTotp } from './support/totp.js';

let app: TestApp;
let admin: TestCaller;
let person: Person;
let machine: TestClient;
let key: ProofKey;
let token: string;

beforeAll(async () => {
  app = await startOAuth();
  admin = await steppedUp(app, await withTotp(app, await asAdmin(app)));
  person = await aPersonAt(app);
  machine = await aMachine(admin);
  key = await aProofKey();
  const { body } = await post(app, 'token', form, machine, { dpop: await proofOf(key, atToken()) });
  token = body.access_token;
});
afterAll(() => app.stop());

const form = { grant_type: 'client_credentials' };
const atToken = () => ['POST', `${app.url}/oauth/token`] as const;
const atApi = () => ['GET', `${app.url}/api/v1/data`] as const;
const now = () => Math.floor(Date.now() / 1000);

const withProof = (dpop: string) => post(app, 'token', form, machine, { dpop });

function expectInvalid({ status, body }: Answer, error = 'invalid_dpop_proof'): void {
  expect([status, body.error, body.access_token]).toEqual([400, error, undefined]);
}

/** A proof written by hand, signed by whatever. */
async function handmade(
  header: Record<string, unknown>,
  signature: (input: string) => Buffer,
  [htm, htu] = atToken() as readonly string[],
  claims: Record<string, unknown> = {},
): Promise<string> {
  const payload = { htm, htu, jti: randomUUID(), iat: now(), ath: undefined as unknown, ...claims };
  const input = `${encoded({ alg: 'ES256', typ: 'dpop+jwt', jwk: key.jwk, ...header })}.${encoded(payload)}`;
  return `${input}.${signature(input).toString('base64url')}`;
}

const es256 = (by: KeyObject) => (input: string) =>
  sign('sha256', Buffer.from(input), { key: by, dsaEncoding: 'ieee-p1363' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const secret = Buffer.alloc(32, 7);
const jwkOf = (of: KeyObject) => exportJWK(of);

/** What a key may not be, nor a header say. */
const TRICKS: [title: string, make: () => Promise<[Record<string, unknown>, (input: string) => Buffer]>][] = [
  ['no algorithm', async () => [{ alg: 'none' }, () => Buffer.alloc(0)]],
  ['no algorithm, with a signature', async () => [{ alg: 'none' }, es256(key.privateKey)]],
  [
    'a symmetric key',
    async () => [
      { alg: 'HS256', jwk: { kty: 'oct', k: secret.toString('base64url') } },
      (input) => createHmac('sha256', secret).update(input).digest(),
    ],
  ],
  [
    'the public key as secret',
    async () => [{ alg: 'HS256' }, (input) => createHmac('sha256', JSON.stringify(key.jwk)).update(input).digest()],
  ],
  [
    'RSA',
    async () => [
      { alg: 'RS256', jwk: await jwkOf(rsa.publicKey) },
      (input) => sign('sha256', Buffer.from(input), rsa.privateKey),
    ],
  ],
  ['a private key inside', async () => [{ jwk: await jwkOf(key.privateKey) }, es256(key.privateKey)]],
  ['no key', async () => [{ jwk: undefined }, es256(key.privateKey)]],
  ['a key that is null', async () => [{ jwk: null }, es256(key.privateKey)]],
  [
    'a key elsewhere',
    async () => [{ jwk: undefined, jku: 'https://evil.example/jwks', kid: 'x' }, es256(key.privateKey)],
  ],
  ['a certificate', async () => [{ jwk: undefined, x5c: ['MIIB'] }, es256(key.privateKey)]],
  ['another key than signed', async () => [{}, es256((await aProofKey()).privateKey)]],
  ['typ JWT', async () => [{ typ: 'JWT' }, es256(key.privateKey)]],
  ['no typ', async () => [{ typ: undefined }, es256(key.privateKey)]],
  ['a critical member', async () => [{ crit: ['x'], x: 1 }, es256(key.privateKey)]],
  ['an empty signature', async () => [{}, () => Buffer.alloc(0)]],
  ['a point that is not on the curve', async () => [{ jwk: { ...key.jwk, y: key.jwk.x } }, es256(key.privateKey)]],
];

describe('a proof by what is no key for it', () => {
  it.each(TRICKS)('gets no token: %s', async (_, make) => {
    expectInvalid(await withProof(await handmade(...(await make()))));
  });

  it.each(TRICKS)('opens nothing at the API: %s', async (_, make) => {
    const [header, signature] = await make();
    const good = claimsOf(await proofOf(key, atApi(), token));
    const dpop = await handmade(header, signature, atApi(), { ath: good['ath'] });
    const headers = { authorization: `DPoP ${token}`, dpop };
    const { status, body } = await app.call('GET', '/api/v1/data', { headers });
    expect([status, body.code]).toEqual([401, 'dpop_proof_invalid']);
  });

  it('is told from a good one, made by the same helper', async () => {
    expect((await withProof(await handmade({}, es256(key.privateKey)))).body.token_type).toBe('DPoP');
    const good = claimsOf(await proofOf(key, atApi(), token));
    const dpop = await handmade({}, es256(key.privateKey), atApi(), { ath: good['ath'] });
    const headers = { authorization: `DPoP ${token}`, dpop };
    expect((await app.call('GET', '/api/v1/data', { headers })).status).toBe(200);
  });
});

describe('a proof at the token endpoint', () => {
  it.each<[string, () => Record<string, unknown>]>([
    ['another method', () => ({ htm: 'GET' })],
    ['the method in lower case', () => ({ htm: 'post' })],
    ['another endpoint', () => ({ htu: `${app.url}/oauth/par` })],
    ['another host', () => ({ htu: 'https://evil.example/oauth/token' })],
    ['https', () => ({ htu: atToken()[1].replace('http:', 'https:') })],
    ['the issuer', () => ({ htu: `${app.url}/oauth` })],
    ['a slash more', () => ({ htu: `${atToken()[1]}/` })],
    ['no address', () => ({ htu: undefined })],
    ['a time ten minutes ago', () => ({ iat: now() - 600 })],
    ['a time in ten minutes', () => ({ iat: now() + 600 })],
    ['no time', () => ({ iat: undefined })],
    ['no id', () => ({ jti: undefined })],
    ['an empty id', () => ({ jti: '' })],
    ['an end that is over', () => ({ exp: now() - 60 })],
  ])('gets no token when it says %s', async (_, claims) => {
    expectInvalid(await withProof(await proofOf(key, atToken(), undefined, { claims: claims() })));
  });

  it('may name the address with a query, which does not count', async () => {
    const dpop = await proofOf(key, ['POST', `${atToken()[1]}?x=1#y`]);
    expect((await withProof(dpop)).status).toBe(200);
  });

  it('is one: two, or what is none, get no token', async () => {
    const [one, two] = [await proofOf(key, atToken()), await proofOf(key, atToken())];
    const lines = ['POST /oauth/token HTTP/1.1', 'Content-Type: application/x-www-form-urlencoded'];
    const both = [`Authorization: ${basic(machine)}`, `DPoP: ${one}`, `DPoP: ${two}`];
    expectInvalid(await sendLines(app.url, [...lines, ...both], new URLSearchParams(form).toString()));
    for (const dpop of ['x', 'a.b.c', `${one}.`, `Bearer ${one}`, token]) expectInvalid(await withProof(dpop));
    expect((await withProof(one)).status).toBe(200);
  });

  it('counts once', async () => {
    const dpop = await proofOf(key, atToken());
    expect((await withProof(dpop)).status).toBe(200);
    expectInvalid(await withProof(dpop), 'invalid_grant');
  });
});

describe('a proof that is dated ahead', () => {
  it('is remembered for as long as it could be sent again', async () => {
    const ahead = 290;
    const claims = { iat: now() + ahead };
    expect((await withProof(await proofOf(key, atToken(), undefined, { claims }))).status).toBe(200);
    const [row] = await app.db.query<{ seconds: number }>(
      'SELECT extract(epoch FROM max(expires_at) - now())::int AS seconds FROM used_proofs',
    );
    const tooFar = await proofOf(key, atToken(), undefined, { claims: { iat: now() + 310 } });
    expectInvalid(await withProof(tooFar));
    // The library takes what is up to 300 seconds old.
    expect(row?.seconds).toBeGreaterThanOrEqual(ahead + 300 - 2);
  });
});

describe('a refresh token of a public client', () => {
  it('is bound to the key that proved the code', async () => {
    const open = await aPublicClient(admin);
    const { body } = await post(app, 'token', await person.code(open), undefined, {
      dpop: await proofOf(key, atToken()),
    });
    expect([body.token_type, claimsOf(body.access_token)['cnf']]).toEqual(['DPoP', { jkt: key.thumbprint }]);
    const use = (dpop?: string) =>
      post(
        app,
        'token',
        { grant_type: 'refresh_token', client_id: open.id, refresh_token: body.refresh_token },
        undefined,
        dpop ? { dpop } : {},
      );
    expectInvalid(await use(), 'invalid_grant');
    expectInvalid(await use(await proofOf(await aProofKey(), atToken())), 'invalid_grant');
    // Neither has used it up.
    const again = await use(await proofOf(key, atToken()));
    expect([again.status, again.body.token_type]).toEqual([200, 'DPoP']);
    expect(claimsOf(again.body.access_token)['cnf']).toEqual({ jkt: key.thumbprint });
  });
});

describe('a code that was asked for with the thumbprint of a key', () => {
  it('is for that key alone', async () => {
    const web = await aWebClient(admin);
    const code = () => person.code(web, { dpop_jkt: key.thumbprint });
    expectInvalid(await post(app, 'token', await code(), web), 'invalid_grant');
    const stranger = await proofOf(await aProofKey(), atToken());
    expectInvalid(await post(app, 'token', await code(), web, { dpop: stranger }), 'invalid_grant');
    const { status, body } = await post(app, 'token', await code(), web, { dpop: await proofOf(key, atToken()) });
    expect([status, body.token_type]).toEqual([200, 'DPoP']);
  });
});
