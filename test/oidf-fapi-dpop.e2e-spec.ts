import { randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asked, Visitor } from './support/oidf-journey.js';
import { Party } from './support/oidf-party.js';
import { aPair, type Pair, type ProofChanges } from './support/oidf-proofs.js';
import { type OidfServer, startOidfServer } from './support/oidf-server.js';

let server: OidfServer;
let party: Party;
let stranger: Pair;

beforeAll(async () => {
  server = await startOidfServer();
  party = await Party.start(server, { isFapi: true });
  stranger = await aPair('ES256');
});
afterAll(() => server.stop());

const now = (ahead = 0): number => Math.floor(Date.now() / 1000) + ahead;
const at = (name: 'token_endpoint' | 'pushed_authorization_request_endpoint', changes: ProofChanges = {}) =>
  party.proof('POST', party.endpoint(name), changes);
const atPar = (changes?: ProofChanges) => at('pushed_authorization_request_endpoint', changes);
const atToken = (changes?: ProofChanges) => at('token_endpoint', changes);
const thumbprint = async ({ publicKey }: Pair) => calculateJwkThumbprint(await exportJWK(publicKey));
const redeem = async (form: Record<string, string>, proof: string) => party.post('token_endpoint', form, { proof });

/** Pushes a request with a proof of the client's key. */
const pushedWith =
  (changes: ProofChanges = {}) =>
  async ({ params }: Asked): Promise<string> => {
    const { status, body } = await party.push(params, { proof: await atPar(changes) });
    expect(status).toBe(201);
    return party.linkOf(body.request_uri);
  };

describe('the FAPI 2.0 plan: clocks of clients', () => {
  it.each([
    ['fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-before-succeeds: may be 10 seconds slow', -10],
    ['fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-after-succeeds: may be 10 seconds fast', 10],
  ])('%s', async (_, ahead) => {
    const iat = () => ({ claims: { iat: now(ahead) } });
    const { form } = await party.code({}, { pushed: pushedWith(iat()) });
    const { status, body } = await redeem(form, await atToken(iat()));
    expect(status).toBe(200);
    const token = body.access_token as string;
    const proof = await party.proof('GET', party.endpoint('userinfo_endpoint'), { token, ...iat() });
    expect((await party.userInfo(token, { proof })).status).toBe(200);
  });
});

describe('the FAPI 2.0 plan: codes that are bound to a key', () => {
  it('fapi2-security-profile-final-ensure-dpopproof-at-par-endpoint-binding-success: by the proof at the PAR endpoint', async () => {
    const { form } = await party.code({}, { pushed: pushedWith() });
    expect((await redeem(form, await atToken())).status).toBe(200);
  });

  it('fapi2-security-profile-final-ensure-dpop-auth-code-binding-success: by its thumbprint', async () => {
    const { form } = await party.code({ dpop_jkt: await thumbprint(party.dpopKeys) }, { pushed: pushedWith() });
    expect((await redeem(form, await atToken())).status).toBe(200);
  });

  it('fapi2-security-profile-final-ensure-mismatched-dpop-jkt-fails: not by two that differ', async () => {
    const { params } = await party.request({ dpop_jkt: await thumbprint(stranger) });
    const { status, body } = await party.push(params, { proof: await atPar() });
    expect(status).toBe(400);
    expect(['invalid_request', 'invalid_dpop_proof']).toContain(body.error);
  });

  it('fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt: and open nothing to another key', async () => {
    const { form } = await party.code({}, { pushed: pushedWith() });
    const { status, body } = await redeem(form, await atToken({ keys: stranger }));
    expect(status).toBe(400);
    expect(['invalid_grant', 'invalid_dpop_proof', 'invalid_request']).toContain(body.error);
  });

  it('fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-jkt: nor to another than the thumbprint says', async () => {
    const { form } = await party.code({ dpop_jkt: await thumbprint(stranger) });
    const { status, body } = await redeem(form, await atToken());
    expect(status).toBe(400);
    expect(['invalid_grant', 'invalid_dpop_proof', 'invalid_request']).toContain(body.error);
  });
});

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Proofs that are wrong in one thing each; the rest is right for the place. */
const wrong: [string, (htm: string, htu: string, token?: string) => Promise<string>][] = [
  ['another method', (_, htu, token) => party.proof('PUT', htu, { token })],
  ['another address', (htm, htu, token) => party.proof(htm, `${htu}/other`, { token })],
  ['another host', (htm, htu, token) => party.proof(htm, htu.replace('127.0.0.1', 'other.example'), { token })],
  ['another type', (htm, htu, token) => party.proof(htm, htu, { token, header: { typ: 'JWT' } })],
  ['no type', (htm, htu, token) => party.proof(htm, htu, { token, header: { typ: undefined } })],
  ['no key', (htm, htu, token) => party.proof(htm, htu, { token, header: { jwk: undefined } })],
  ['no id', (htm, htu, token) => party.proof(htm, htu, { token, claims: { jti: undefined } })],
  ['no method', (htm, htu, token) => party.proof(htm, htu, { token, claims: { htm: undefined } })],
  ['no address', (htm, htu, token) => party.proof(htm, htu, { token, claims: { htu: undefined } })],
  ['no time', (htm, htu, token) => party.proof(htm, htu, { token, claims: { iat: undefined } })],
  ['a time that is long over', (htm, htu, token) => party.proof(htm, htu, { token, claims: { iat: now(-3600) } })],
  ['a time that is far ahead', (htm, htu, token) => party.proof(htm, htu, { token, claims: { iat: now(3600) } })],
  [
    'a private key in it',
    async (htm, htu, token) =>
      party.proof(htm, htu, { token, header: { jwk: await exportJWK(party.dpopKeys.privateKey) } }),
  ],
  [
    'the key of another in it',
    async (htm, htu, token) => party.proof(htm, htu, { token, header: { jwk: await exportJWK(stranger.publicKey) } }),
  ],
  [
    'no signature',
    async (htm, htu) => {
      const jwk = await exportJWK(party.dpopKeys.publicKey);
      const claims = { htm, htu, jti: randomUUID(), iat: now() };
      return `${encoded({ alg: 'none', typ: 'dpop+jwt', jwk })}.${encoded(claims)}.`;
    },
  ],
  [
    'a key that both know',
    async (htm, htu) => {
      const jwk: JWK = { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url') };
      const claims = { htm, htu, jti: randomUUID(), iat: now() };
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk }).sign(Buffer.alloc(32, 1));
    },
  ],
];

describe('fapi2-security-profile-final-dpop-negative-tests', () => {
  let visitor: Visitor;
  beforeAll(async () => {
    visitor = await party.visitor();
  });

  it.each(wrong)('the token endpoint refuses a proof with %s', async (_, make) => {
    const { form } = await party.code({}, { visitor });
    const { status, body } = await redeem(form, await make('POST', party.endpoint('token_endpoint')));
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_dpop_proof' });
    expect((await redeem(form, await atToken())).status).toBe(200);
  });

  describe('at a protected resource', () => {
    let token: string;
    const url = () => party.endpoint('userinfo_endpoint');
    const good = () => party.proof('GET', url(), { token });
    const use = async (proof: string | null, scheme?: string) => {
      const { status, headers } = await party.userInfo(token, { proof, scheme });
      return { status, challenge: headers.get('www-authenticate') ?? '' };
    };
    const expectRefused = async (proof: string | null, scheme?: string) => {
      const { status, challenge } = await use(proof, scheme);
      expect([400, 401]).toContain(status);
      if (status === 401) expect(challenge).toMatch(/DPoP/i);
      // The token is as good as before.
      expect((await use(await good())).status).toBe(200);
    };
    beforeAll(async () => {
      token = (await party.post('token_endpoint', (await party.code()).form)).body.access_token as string;
    });

    it.each(wrong)('refuses a proof with %s', async (_, make) => {
      await expectRefused(await make('GET', url(), token));
    });

    it('refuses a token with no proof, and one that is shown as if it were bound to nothing', async () => {
      await expectRefused(null);
      await expectRefused(null, 'Bearer');
      await expectRefused(await good(), 'Bearer');
    });

    it('refuses a proof of no token, of another token, and of another key', async () => {
      await expectRefused(await party.proof('GET', url()));
      await expectRefused(await party.proof('GET', url(), { token: `${token}x` }));
      await expectRefused(await party.proof('GET', url(), { token, keys: stranger }));
    });

    it('refuses a proof that was used', async () => {
      const proof = await good();
      expect((await use(proof)).status).toBe(200);
      await expectRefused(proof);
    });

    it('takes a proof whose address has a query and a fragment, or is spelled otherwise', async () => {
      const { origin, pathname } = new URL(url());
      for (const htu of [`${url()}?a=b`, `${url()}#a`, `${origin.replace('http', 'HTTP')}${pathname}`]) {
        expect((await use(await party.proof('GET', htu, { token }))).status).toBe(200);
      }
    });
  });
});
