import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Party } from './support/oidf-party.js';
import { JWT_BEARER } from './support/oidf-proofs.js';
import { type OidfServer, startOidfServer } from './support/oidf-server.js';

let server: OidfServer;
let party: Party;
let other: Party;

beforeAll(async () => {
  server = await startOidfServer();
  [party, other] = [await Party.start(server, { isFapi: true }), await Party.start(server, { isFapi: true })];
});
afterAll(() => server.stop());

const invalidGrant = { status: 400, body: { error: 'invalid_grant' } };
const invalidClient = { status: 401, body: { error: 'invalid_client' } };
const OFFLINE = { scope: 'openid offline_access', prompt: 'consent' };

const accepted = async (form: Record<string, string | undefined>, from = party) => {
  const { status, body } = await from.post('token_endpoint', form);
  expect({ status, error: body.error }).toEqual({ status: 200, error: undefined });
  return body as { access_token: string; refresh_token?: string };
};
const userInfo = async (token: string) =>
  party.userInfo(token, { proof: await party.proof('GET', party.endpoint('userinfo_endpoint'), { token }) });

describe('the FAPI 2.0 plan: codes', () => {
  it('fapi2-security-profile-final-ensure-authorization-code-is-bound-to-client: are for the client that asked', async () => {
    const { form } = await party.code();
    expect(await other.post('token_endpoint', form)).toMatchObject(invalidGrant);
  });

  it('fapi2-security-profile-final-attempt-reuse-authorization-code-after-one-second: are for one use, and end with what was given for them', async () => {
    const { form } = await party.code();
    const { access_token: token } = await accepted(form);
    expect((await userInfo(token)).status).toBe(200);
    await server.pass(1);
    expect(await party.post('token_endpoint', form)).toMatchObject(invalidGrant);
    expect((await userInfo(token)).status).toBe(401);
  });

  it('fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code: end a minute after they were given', async () => {
    const { form } = await party.code();
    await server.pass(61);
    expect(await party.post('token_endpoint', form)).toMatchObject(invalidGrant);
  });

  it.each([
    ['fapi2-security-profile-final-ensure-pkce-code-verifier-required: need the verifier', undefined],
    ['fapi2-security-profile-final-incorrect-pkce-code-verifier-rejected: need the right verifier', 'x'.repeat(43)],
  ])('%s', async (_, verifier) => {
    const { form } = await party.code();
    expect(await party.post('token_endpoint', { ...form, code_verifier: verifier })).toMatchObject(invalidGrant);
    await accepted((await party.code()).form);
  });

  it('fapi2-security-profile-final-ensure-holder-of-key-required: give nothing to a client without a proof of its key', async () => {
    const { form } = await party.code();
    const { status, body } = await party.post('token_endpoint', form, { proof: null });
    expect(status).toBe(400);
    expect(['invalid_request', 'invalid_dpop_proof', 'invalid_grant']).toContain(body.error);
    expect(body.access_token).toBeUndefined();
  });
});

describe('the FAPI 2.0 plan: how a client proves itself at the token endpoint', () => {
  it('fapi2-security-profile-final-ensure-client-id-in-token-endpoint: not with the name of another', async () => {
    const { form } = await party.code();
    const { status, body } = await party.post('token_endpoint', { ...form, client_id: other.registered.id });
    expect([400, 401]).toContain(status);
    expect(['invalid_client', 'invalid_request', 'invalid_grant']).toContain(body.error);
    await accepted({ ...form, client_id: party.registered.id });
  });

  it('fapi2-security-profile-final-ensure-client-assertion-in-token-endpoint: not without an assertion', async () => {
    const { form } = await party.code();
    const answer = await party.post('token_endpoint', { ...form, client_id: party.registered.id }, { assertion: null });
    expect([400, 401]).toContain(answer.status);
    expect(['invalid_client', 'invalid_request']).toContain(answer.body.error);
    await accepted(form);
  });

  it('fapi2-security-profile-final-ensure-signed-client-assertion-with-RS256-fails: not by RS256 with a key for PS256', async () => {
    const signing = await Party.start(server, { isFapi: true }, 'PS256');
    const { form } = await signing.code();
    const assertion = await signing.assertionBy('RS256');
    expect(await signing.post('token_endpoint', form, { assertion })).toMatchObject(invalidClient);
    await accepted(form, signing);
  });

  it.each([
    [
      'fapi2-security-profile-final-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails: not by an assertion that is over',
      () => ({ exp: Math.floor(Date.now() / 1000) - 300 }),
    ],
    [
      'fapi2-security-profile-final-ensure-client-assertion-with-wrong-aud-fails: not by an assertion for another server',
      () => ({ aud: 'https://other.example/' }),
    ],
    [
      'fapi2-security-profile-final-ensure-client-assertion-with-no-sub-fails: not by an assertion of nobody',
      () => ({ sub: undefined }),
    ],
  ])('%s', async (_, claims) => {
    const { form } = await party.code();
    const assertion = await party.assertion(claims());
    expect(await party.post('token_endpoint', form, { assertion })).toMatchObject(invalidClient);
    await accepted(form);
  });
});

describe('the FAPI 2.0 plan: refresh tokens', () => {
  const refreshing = async () => {
    const { refresh_token } = await accepted((await party.code(OFFLINE)).form);
    expect(refresh_token).toBeTypeOf('string');
    return { grant_type: 'refresh_token', refresh_token };
  };

  it('fapi2-security-profile-final-refresh-token: give new tokens to the client that has them', async () => {
    const { access_token: token } = await accepted(await refreshing());
    expect((await userInfo(token)).status).toBe(200);
  });

  it('fapi2-security-profile-final-refresh-token: are not lost with an answer: the one before still works 30 seconds later', async () => {
    const form = await refreshing();
    const first = await accepted(form);
    await server.pass(30);
    const again = await accepted(form);
    for (const { access_token: token } of [first, again]) expect((await userInfo(token)).status).toBe(200);
  });

  it('fapi2-security-profile-final-refresh-token: give none to another client', async () => {
    const form = await refreshing();
    expect(await other.post('token_endpoint', form)).toMatchObject(invalidGrant);
    await accepted(form);
  });

  it('fapi2-security-profile-final-refresh-token: give none without a proof of the client or of its key', async () => {
    const form = await refreshing();
    const named = { ...form, client_id: party.registered.id };
    const without = await party.post('token_endpoint', named, { assertion: null });
    expect([400, 401]).toContain(without.status);
    expect(['invalid_client', 'invalid_request']).toContain(without.body.error);
    const bearer = { ...form, client_assertion_type: JWT_BEARER };
    expect((await party.post('token_endpoint', bearer, { proof: null })).status).toBe(400);
    await accepted(form);
  });
});
