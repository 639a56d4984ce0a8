import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browse } from './support/browse.js';
import { callerOf } from './support/http.js';
import { Party } from './support/oidf-party.js';
import { type OidfServer, startOidfServer } from './support/oidf-server.js';

let server: OidfServer;
let party: Party;

beforeAll(async () => {
  server = await startOidfServer();
  party = await Party.start(server, { isFapi: true });
});
afterAll(() => server.stop());

const seconds = (ahead: number): number => Math.floor(Date.now() / 1000) + ahead;

async function pushed() {
  const asked = await party.request();
  const { status, body } = await party.push(asked.params);
  expect(status).toBe(201);
  return { asked, link: party.linkOf(body.request_uri), uri: body.request_uri as string };
}

/** A page says so, or the client reads it; nobody is asked anything. */
async function expectDead(link: string): Promise<void> {
  const { asked, back, page } = await party.travel(new Browse(server.origin), await server.person(), link);
  expect(asked).toEqual([]);
  expect(back ? back.searchParams.get('error') : page.status).toBe(back ? 'invalid_request_uri' : 400);
}

describe('the FAPI 2.0 plan: pushed requests', () => {
  it('fapi2-security-profile-final-par-without-duplicate-parameters: need but the client beside them', async () => {
    const { asked, link } = await pushed();
    expect([...new URL(link).searchParams.keys()]).toEqual(['client_id', 'request_uri']);
    const person = await server.person();
    const journey = await party.travel(new Browse(server.origin), person, link);
    expect((await party.redeem(asked, journey)).claims.sub).toBe(person.id);
  });

  it('fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds: last until somebody has decided', async () => {
    const { asked, link } = await pushed();
    const [browser, person] = [new Browse(server.origin), await server.person()];
    expect(server.asks(await browser.get(link))).toBe('login');
    const journey = await party.travel(browser, person, link);
    expect((await party.redeem(asked, journey)).claims.sub).toBe(person.id);
  });

  it('fapi2-security-profile-final-par-attempt-reuse-request_uri: are for one use', async () => {
    const { asked, link } = await pushed();
    const journey = await party.travel(new Browse(server.origin), await server.person(), link);
    await party.redeem(asked, journey);
    await expectDead(link);
  });

  it('fapi2-security-profile-final-par-attempt-to-use-expired-request_uri: end with their time', async () => {
    const { link } = await pushed();
    await server.pass(61);
    await expectDead(link);
  });

  it('fapi2-security-profile-final-par-attempt-to-use-request_uri-for-different-client: are for the client that pushed them', async () => {
    const [{ uri }, other] = [await pushed(), await Party.start(server, { isFapi: true })];
    const { asked, back, page } = await other.travel(
      new Browse(server.origin),
      await server.person(),
      other.linkOf(uri),
    );
    expect({ asked, hasCode: back?.searchParams.has('code') ?? false }).toEqual({ asked: [], hasCode: false });
    expect(back ? back.searchParams.get('error') : page.status).toBe(back ? 'invalid_request_uri' : 400);
  });
});

describe('the FAPI 2.0 plan: requests that cannot be pushed', () => {
  it('fapi2-security-profile-final-par-authorization-request-containing-request_uri-form-param: with a request_uri in them', async () => {
    const { params } = await party.request();
    const answer = await party.push({ ...params, request_uri: `urn:ietf:params:oauth:request_uri:${randomUUID()}` });
    expect(answer.status).toBe(400);
    expect(['invalid_request', 'request_uri_not_supported']).toContain(answer.body.error);
  });

  it('fapi2-security-profile-final-par-attempt-invalid-http-method: by another method', async () => {
    const url = party.endpoint('pushed_authorization_request_endpoint');
    const query = new URLSearchParams((await party.request()).params).toString();
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status, body } = await callerOf('')(method, `${url}?${query}`);
      expect([404, 405]).toContain(status);
      expect(body?.request_uri).toBeUndefined();
    }
  });

  it.each([
    [
      'fapi2-security-profile-final-par-ensure-pkce-required: without PKCE',
      { code_challenge: undefined, code_challenge_method: undefined },
    ],
    ['fapi2-security-profile-final-par-plain-pkce-rejected: with plain PKCE', { code_challenge_method: 'plain' }],
  ])('%s', async (_, changes) => {
    const answer = await party.push((await party.request(changes)).params);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });
});

describe('the FAPI 2.0 plan: how a client proves itself at the PAR endpoint', () => {
  const push = async (claims: Record<string, unknown>) =>
    party.push((await party.request()).params, { assertion: await party.assertion(claims) });
  const expectRefused = async (claims: Record<string, unknown>) => {
    const { status, body } = await push(claims);
    expect([400, 401]).toContain(status);
    expect(['invalid_request', 'invalid_client']).toContain(body.error);
  };

  it('fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted: by a clock that is 8 seconds fast', async () => {
    expect((await push({ iat: seconds(8), nbf: seconds(8), exp: seconds(68) })).status).toBe(201);
  });

  it('fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails: and not by one that is a minute fast', async () => {
    await expectRefused({ iat: seconds(70), nbf: seconds(70), exp: seconds(130) });
  });

  it('fapi2-security-profile-final-par-test-array-as-audience-fails: and not to several audiences', async () => {
    await expectRefused({ aud: [server.issuer, 'https://other.example'] });
    await expectRefused({ aud: [server.issuer] });
  });

  it('fapi2-security-profile-final-par-test-par-endpoint-url-as-audience-fails: and not to the endpoint', async () => {
    await expectRefused({ aud: party.endpoint('pushed_authorization_request_endpoint') });
  });

  it('fapi2-security-profile-final-par-test-token-endpoint-url-as-audience-fails: and not to the token endpoint', async () => {
    await expectRefused({ aud: party.endpoint('token_endpoint') });
  });

  it('fapi2-security-profile-final-par-test-token-endpoint-url-as-audience-fails: but to the issuer', async () => {
    expect((await push({ aud: server.issuer })).status).toBe(201);
  });
});
