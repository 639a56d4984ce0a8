import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browse } from './support/browse.js';
import { Party } from './support/oidf-party.js';
import { type OidfServer, startOidfServer } from './support/oidf-server.js';

let server: OidfServer;
let party: Party;

beforeAll(async () => {
  server = await startOidfServer();
  party = await Party.start(server, { isFapi: true });
});
afterAll(() => server.stop());

const text = (length: number): string => randomBytes(length).toString('base64url').slice(0, length);
const refused = { status: 400, body: { error: 'invalid_request' } };

/** A pushed request, and other parameters beside it at the authorization endpoint. */
async function flowWith(pushed: Record<string, string | undefined>, beside: Record<string, string>) {
  const asked = await party.request(pushed);
  const { body } = await party.push(asked.params);
  const link = `${party.linkOf(body.request_uri)}&${new URLSearchParams(beside).toString()}`;
  const journey = await party.travel(new Browse(server.origin), await server.person(), link);
  return { asked, journey, ...(await party.redeem(asked, journey)) };
}

describe('the FAPI 2.0 plan: authorization requests', () => {
  it('fapi2-security-profile-final-user-rejects-authentication: tell the client that somebody does not allow it', async () => {
    const [browser, person, asked] = [new Browse(server.origin), await server.person(), await party.request()];
    await browser.get(await party.link(asked));
    const consent = await server.signIn(browser, person);
    expect(server.asks(consent)).toBe('consent');
    const { location } = await server.refuse(browser);
    const { searchParams } = new URL(location ?? '');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      error: 'access_denied',
      state: asked.params['state'],
      iss: server.issuer,
    });
    expect(searchParams.has('code')).toBe(false);
  });

  it('fapi2-security-profile-final-ensure-authorization-request-without-state-success: need no state, and none comes back', async () => {
    const { journey, claims } = await party.flow({ state: undefined });
    expect(journey.back?.searchParams.has('state')).toBe(false);
    expect(claims).not.toHaveProperty('s_hash');
  });

  it('fapi2-security-profile-final-ensure-authorization-request-without-nonce-success: need no nonce, and none comes back', async () => {
    expect((await party.flow({ nonce: undefined })).claims).not.toHaveProperty('nonce');
  });

  it.each([
    [
      'fapi2-security-profile-final-ensure-authorization-request-with-64-char-nonce-success: return a nonce of 64 characters',
      64,
    ],
    [
      'fapi2-security-profile-final-ensure-authorization-request-with-long-nonce: return a nonce of 384 characters whole',
      384,
    ],
  ])('%s', async (_, length) => {
    const nonce = text(length);
    expect((await party.flow({ nonce })).claims.nonce).toBe(nonce);
  });

  it('fapi2-security-profile-final-ensure-authorization-request-with-long-state: return a long state whole', async () => {
    const state = text(1024);
    expect((await party.flow({ state })).journey.back?.searchParams.get('state')).toBe(state);
  });

  it('fapi2-security-profile-final-ensure-other-scope-order-succeeds: care for no order of scopes', async () => {
    const { claims, person } = await party.flow({ scope: 'email profile openid' });
    expect(claims.sub).toBe(person.id);
  });

  it('fapi2-security-profile-final-ensure-different-nonce-inside-and-outside-request-object: count as they were pushed, with their nonce', async () => {
    const { asked, claims } = await flowWith({}, { nonce: 'outside' });
    expect(claims.nonce).toBe(asked.params['nonce']);
  });

  it('fapi2-security-profile-final-ensure-different-state-inside-and-outside-request-object: count as they were pushed, with their state', async () => {
    const { asked, journey } = await flowWith({}, { state: 'outside' });
    expect(journey.back?.searchParams.getAll('state')).toEqual([asked.params['state']]);
  });

  it('fapi2-security-profile-final-state-only-outside-request-object-not-used: take no state from outside', async () => {
    const { journey, claims } = await flowWith({ state: undefined }, { state: 'outside' });
    expect(journey.back?.searchParams.has('state')).toBe(false);
    expect(claims).not.toHaveProperty('s_hash');
  });
});

describe('the FAPI 2.0 plan: authorization requests that are refused', () => {
  it.each([
    [
      'fapi2-security-profile-final-ensure-request-object-without-redirect-uri-fails: without a redirect URI',
      { redirect_uri: undefined },
    ],
    [
      'fapi2-security-profile-final-ensure-redirect-uri-in-authorization-request: without a redirect URI, where one is registered',
      { redirect_uri: undefined },
    ],
    [
      'fapi2-security-profile-final-ensure-registered-redirect-uri: for an address that is not registered',
      { redirect_uri: 'https://other.example/' },
    ],
    [
      'fapi2-security-profile-final-plain-fapi-tolerate-unregistered-redirect-uri: for another path of a registered address',
      { redirect_uri: 'https://app.example/other' },
    ],
  ])('%s', async (_, changes: Record<string, string | undefined>) => {
    expect(await party.push((await party.request(changes)).params)).toMatchObject(refused);
  });

  it.each([
    [
      'fapi2-security-profile-final-ensure-response-type-code-idtoken-fails: for an ID token by the browser',
      'code id_token',
    ],
    ['fapi2-security-profile-final-ensure-response-type-token-fails: for a token by the browser', 'token'],
  ])('%s', async (_, type) => {
    const { status, body } = await party.push((await party.request({ response_type: type })).params);
    expect(status).toBe(400);
    expect(['unsupported_response_type', 'invalid_request']).toContain(body.error);
  });

  it('fapi2-security-profile-final-ensure-unsigned-authorization-request-without-using-par-fails: that were not pushed', async () => {
    const { params } = await party.request();
    const [browser, person] = [new Browse(server.origin), await server.person()];
    const { asked, back, page } = await party.travel(browser, person, party.plainLink(params));
    expect(asked).toEqual([]);
    expect(back ? back.searchParams.get('error') : page.status).toBe(back ? 'invalid_request' : 400);
    expect(back?.searchParams.has('code')).not.toBe(true);
  });
});
