import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, claimsOf, type TestCaller } from './support/callers.js';
import { aPersonAt, aPublicClient, startOAuth } from './support/code-flow.js';
import { aProofKey, type ProofKey, proofOf } from './support/dpop.js';
import { aRecord } from './support/factories.js';
import type { Answer } from './support/http.js';
import { aMachine, machineToken, post, type TestClient } from './support/oauth.js';
import { steppedUp, withTotp } from './support/totp.js';

let app: TestApp;
let admin: TestCaller;
let machine: TestClient;
let key: ProofKey;
let token: string;

beforeAll(async () => {
  app = await startOAuth();
  admin = await steppedUp(app, await withTotp(app, await asAdmin(app)));
  machine = await aMachine(admin);
  key = await aProofKey();
  token = await boundToken();
});
afterAll(() => app.stop());

const api = () => `${app.url}/api/v1/data`;
const endpoint = () => `${app.url}/oauth/token`;

async function boundToken(client = machine, of = key): Promise<string> {
  const dpop = await proofOf(of, ['POST', endpoint()]);
  const { status, body } = await post(app, 'token', { grant_type: 'client_credentials' }, client, { dpop });
  expect([status, body.token_type]).toEqual([200, 'DPoP']);
  return body.access_token;
}

const withProof = (bound: string, dpop: string, method = 'GET', path = '/api/v1/data') =>
  app.call(method, path, {
    headers: { authorization: `DPoP ${bound}`, dpop },
    ...(method === 'POST' && { json: aRecord() }),
  });

/** Expects 401 with what the client needs to know to do better (RFC 9449 section 7.1). */
function expectRefused({ status, body, headers }: Answer, code: string): void {
  const challenge = headers.get('www-authenticate') ?? '';
  expect([status, body?.code]).toEqual([401, code]);
  expect(challenge).toMatch(/^Bearer realm="rampart"/);
  expect(challenge).toContain('algs="ES256 EdDSA Ed25519"');
  if (code === 'dpop_proof_invalid') expect(challenge).toContain('DPoP error="invalid_dpop_proof"');
  else expect(challenge).toContain('error="invalid_token"');
}

describe('a client of oauth4webapi', () => {
  it('gets a bound token and calls the API with it, by the documents alone', async () => {
    const [insecure, resource] = [{ [oauth.allowInsecureRequests]: true }, new URL(`${app.url}/api`)];
    const server = await oauth.processResourceDiscoveryResponse(
      resource,
      await oauth.resourceDiscoveryRequest(resource, insecure),
    );
    const issuer = new URL(server.authorization_servers?.[0] ?? '');
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
    expect(as.dpop_signing_alg_values_supported).toEqual(['ES256', 'EdDSA', 'Ed25519']);
    const client = { client_id: machine.id };
    for (const alg of ['ES256', 'Ed25519']) {
      const DPoP = oauth.DPoP({}, await oauth.generateKeyPair(alg));
      const auth = oauth.ClientSecretBasic(machine.secret ?? '');
      const options = { DPoP, ...insecure };
      const answer = await oauth.clientCredentialsGrantRequest(as, client, auth, {}, options);
      const { access_token, token_type } = await oauth.processClientCredentialsResponse(as, client, answer);
      expect(token_type).toBe('dpop');
      for (const query of ['', '?limit=1']) {
        const list = await oauth.protectedResourceRequest(
          access_token,
          'GET',
          new URL(api() + query),
          undefined,
          null,
          options,
        );
        expect(list.status).toBe(200);
      }
      expect(claimsOf(access_token)['cnf']).toEqual({ jkt: await DPoP.calculateThumbprint() });
    }
  });
});

describe('a proof at the API', () => {
  it('opens it for one request, of each method', async () => {
    const created = await withProof(token, await proofOf(key, ['POST', api()], token), 'POST');
    expect(created.status).toBe(201);
    for (const method of ['GET', 'HEAD']) {
      expect((await withProof(token, await proofOf(key, [method, api()], token), method)).status).toBe(200);
    }
    expectRefused(
      { ...(await withProof(token, await proofOf(key, ['GET', api()], token), 'POST')) },
      'dpop_proof_invalid',
    );
    const head = await withProof(token, await proofOf(key, ['GET', api()], token), 'HEAD');
    expect([head.status, head.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('DPoP error=')]);
  });

  const now = () => Math.floor(Date.now() / 1000);

  it.each<[string, () => string]>([
    ['with a query', () => `${api()}?limit=5&x=y`],
    ['with a fragment', () => `${api()}#here`],
    ['in upper case where that means nothing', () => api().replace('http', 'HTTP')],
  ])('may name the address %s', async (_, htu) => {
    expect((await withProof(token, await proofOf(key, ['GET', htu()], token))).status).toBe(200);
  });

  it('is for the path, whatever the query of the request', async () => {
    const dpop = await proofOf(key, ['GET', api()], token);
    expect((await withProof(token, dpop, 'GET', '/api/v1/data?limit=3')).status).toBe(200);
  });

  it.each<[string, () => Record<string, unknown>]>([
    ['another method', () => ({ htm: 'POST' })],
    ['the method in lower case', () => ({ htm: 'get' })],
    ['no method', () => ({ htm: undefined })],
    ['another path', () => ({ htu: `${app.url}/api/v1/users/me` })],
    ['a path below', () => ({ htu: `${api()}/x` })],
    ['a slash more', () => ({ htu: `${api()}/` })],
    ['two slashes', () => ({ htu: `${app.url}//api/v1/data` })],
    ['the path in another case', () => ({ htu: `${app.url}/API/v1/data` })],
    ['another host', () => ({ htu: 'http://evil.example/api/v1/data' })],
    ['localhost', () => ({ htu: api().replace('127.0.0.1', 'localhost') })],
    ['another port', () => ({ htu: 'http://127.0.0.1:1/api/v1/data' })],
    ['https', () => ({ htu: api().replace('http:', 'https:') })],
    ['no host', () => ({ htu: '/api/v1/data' })],
    ['no address', () => ({ htu: undefined })],
    ['a list of addresses', () => ({ htu: [api()] })],
    ['a time two minutes ago', () => ({ iat: now() - 120 })],
    ['a time in two minutes', () => ({ iat: now() + 120 })],
    ['no time', () => ({ iat: undefined })],
    ['a time as text', () => ({ iat: String(now()) })],
    ['a time with a fraction', () => ({ iat: now() + 0.5 })],
    ['an end that is over', () => ({ exp: now() - 60 })],
    ['no id', () => ({ jti: undefined })],
    ['an empty id', () => ({ jti: '' })],
    ['a number as id', () => ({ jti: 1 })],
    ['an id of 300 characters', () => ({ jti: 'x'.repeat(300) })],
    ['no hash of the token', () => ({ ath: undefined })],
    ['an empty hash', () => ({ ath: '' })],
    ['the token in place of its hash', () => ({ ath: token })],
  ])('opens nothing when it says %s', async (_, claims) => {
    const dpop = await proofOf(key, ['GET', api()], token, { claims: claims() });
    expectRefused(await withProof(token, dpop), 'dpop_proof_invalid');
  });

  it('counts within a minute of now, either way', async () => {
    for (const offset of [-45, 45]) {
      const dpop = await proofOf(key, ['GET', api()], token, { claims: { iat: now() + offset } });
      expect((await withProof(token, dpop)).status).toBe(200);
    }
  });

  it('is of one token and one key', async () => {
    const [other, stranger] = [await boundToken(), await aProofKey()];
    for (const [bound, proved, by] of [
      [token, other, key],
      [token, token, stranger],
      [token, await boundToken(machine, stranger), stranger],
    ] as const) {
      expectRefused(await withProof(bound, await proofOf(by, ['GET', api()], proved)), 'dpop_proof_invalid');
    }
  });

  it('counts once, and one that was wrong uses nothing up', async () => {
    const jti = 'the same';
    const wrong = await proofOf(key, ['POST', api()], token, { claims: { jti } });
    expectRefused(await withProof(token, wrong), 'dpop_proof_invalid');
    const dpop = await proofOf(key, ['GET', api()], token, { claims: { jti } });
    expect((await withProof(token, dpop)).status).toBe(200);
    expectRefused(await withProof(token, dpop), 'dpop_proof_invalid');
    const again = await proofOf(key, ['GET', api()], token, { claims: { jti, iat: now() - 1 } });
    expectRefused(await withProof(token, again), 'dpop_proof_invalid');
  });
});

describe('a bound token', () => {
  it('is none without a proof, with an empty one, or with two', async () => {
    const [one, two] = [await proofOf(key, ['GET', api()], token), await proofOf(key, ['GET', api()], token)];
    const authorization = `DPoP ${token}`;
    const without: Record<string, string>[] = [{}, { dpop: '' }, { dpop: `${one}, ${two}` }];
    for (const headers of without.map((proof) => ({ authorization, ...proof }))) {
      expectRefused(await app.call('GET', '/api/v1/data', { headers }), 'dpop_proof_invalid');
    }
  });

  it('is no bearer token, with a proof or without', async () => {
    const dpop = await proofOf(key, ['GET', api()], token);
    for (const headers of [{}, { dpop }] as Record<string, string>[]) {
      expectRefused(await app.call('GET', '/api/v1/data', { token, headers }), 'token_invalid');
    }
    expect((await withProof(token, dpop)).status).toBe(200);
    expect((await post(app, 'introspect', { token }, machine)).body).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: key.thumbprint },
    });
  });

  it('is not made of one that is not bound, by a proof that fits', async () => {
    const bearer = await machineToken(app, machine);
    expectRefused(await withProof(bearer, await proofOf(key, ['GET', api()], bearer)), 'token_invalid');
    expectRefused(await withProof(admin.token, await proofOf(key, ['GET', api()], admin.token)), 'token_invalid');
  });
});

describe('a client that is registered to prove its key', () => {
  it('gets nothing without a proof, at no grant', async () => {
    const strict = await aMachine(admin, { dpopBoundAccessTokens: true });
    const { status, body } = await post(app, 'token', { grant_type: 'client_credentials' }, strict);
    expect([status, body.error]).toEqual([400, 'invalid_grant']);
    expect(claimsOf(await boundToken(strict))['cnf']).toEqual({ jkt: key.thumbprint });
    const open = await aPublicClient(admin, { dpopBoundAccessTokens: true });
    const code = await (await aPersonAt(app)).code(open);
    expect((await post(app, 'token', code)).body.error).toBe('invalid_grant');
    const dpop = await proofOf(key, ['POST', endpoint()]);
    expect((await post(app, 'token', code, undefined, { dpop })).body.token_type).toBe('DPoP');
  });
});
