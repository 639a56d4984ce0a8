import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browse } from './support/browse.js';
import { Party } from './support/oidf-party.js';
import { type OidfServer, startOidfServer } from './support/oidf-server.js';

let server: OidfServer;
let party: Party;

beforeAll(async () => {
  server = await startOidfServer();
  party = await Party.start(server);
});
afterAll(() => server.stop());

/** Somebody who has signed in for this client once. */
const signedIn = async (changes: Record<string, string> = {}) => {
  const { browser, person, claims, tokens } = await party.flow(changes);
  return { visitor: { browser, person }, claims, idToken: tokens.id_token ?? '' };
};

describe('the Basic plan: the flow', () => {
  it('oidcc-server: signs somebody in, and says who it was', async () => {
    const { claims, tokens, person, journey, request } = await party.flow();
    expect(journey.asked).toEqual(['login', 'consent']);
    const { nonce } = request.params;
    expect(claims).toMatchObject({ sub: person.id, iss: server.issuer, aud: party.registered.id, nonce });
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: expect.toSatisfy((seconds) => seconds > 0) });
    expect(journey.back?.searchParams.get('iss')).toBe(server.issuer);
    expect(await client.fetchUserInfo(party.config, tokens.access_token, claims.sub)).toMatchObject({ sub: person.id });
  });

  it('oidcc-server-client-secret-post: takes the secret in the form from a client that is registered so', async () => {
    const other = await Party.start(server, { method: 'client_secret_post' });
    const { claims, person } = await other.flow();
    expect(claims.sub).toBe(person.id);
  });

  it('oidcc-alternate-happy-flow: cares for no order of scopes and parameters', async () => {
    const asked = await party.request({ scope: 'email profile openid' });
    const params = Object.fromEntries(Object.entries(asked.params).toReversed());
    const [browser, person] = [new Browse(server.origin), await server.person()];
    const journey = await party.travel(browser, person, party.plainLink(params));
    expect((await party.redeem(asked, journey)).claims.sub).toBe(person.id);
  });

  it('oidcc-ensure-post-request-succeeds: takes the request as a form', async () => {
    const asked = await party.request();
    const [browser, person] = [new Browse(server.origin), await server.person()];
    const page = await browser.post(party.endpoint('authorization_endpoint'), asked.params, {
      origin: 'https://app.example',
    });
    const journey = await party.goOn(browser, person, page);
    expect((await party.redeem(asked, journey)).claims.sub).toBe(person.id);
  });

  it('oidcc-ensure-request-with-valid-pkce-succeeds: takes a challenge, and its verifier at the token endpoint', async () => {
    const { request, claims, person } = await party.flow();
    expect(request.params).toMatchObject({ code_challenge_method: 'S256' });
    expect(claims.sub).toBe(person.id);
  });

  it('oidcc-ensure-request-without-nonce-succeeds-for-code-flow: needs no nonce, and returns none', async () => {
    const { claims } = await party.flow({ nonce: undefined });
    expect(claims).not.toHaveProperty('nonce');
  });
});

describe('the Basic plan: who is signed in already', () => {
  it('oidcc-prompt-login: is asked again where the client wants it, and the time of that is told', async () => {
    const { visitor, claims } = await signedIn({ max_age: '15000' });
    await server.pass(2);
    const again = await party.flow({ prompt: 'login' }, visitor);
    expect(again.journey.asked).toContain('login');
    expect(again.claims.sub).toBe(claims.sub);
    expect(again.claims.auth_time).toBeGreaterThan(claims.auth_time ?? Infinity);
  });

  it('oidcc-prompt-none-not-logged-in: nobody is asked, and the client reads why', async () => {
    const { params } = await party.request({ prompt: 'none' });
    const { back, asked } = await party.travel(
      new Browse(server.origin),
      await server.person(),
      party.plainLink(params),
    );
    expect(asked).toEqual([]);
    expect(back?.searchParams.get('error')).toBe('login_required');
    expect(back?.searchParams.get('state')).toBe(params['state']);
    expect(back?.searchParams.get('code')).toBeNull();
  });

  it('oidcc-prompt-none-logged-in: comes back without a word', async () => {
    const { visitor, claims } = await signedIn({ max_age: '15000' });
    const again = await party.flow({ prompt: 'none' }, visitor);
    expect(again.journey.asked).toEqual([]);
    expect(again.claims.sub).toBe(claims.sub);
    expect([undefined, claims.auth_time]).toContain(again.claims.auth_time);
  });

  it('oidcc-max-age-1: is asked again a second later', async () => {
    const { visitor, claims } = await signedIn({ max_age: '15000' });
    await server.pass(2);
    const again = await party.flow({ max_age: '1' }, visitor);
    expect(again.journey.asked).toContain('login');
    expect(again.claims.auth_time).toBeGreaterThan(claims.auth_time ?? Infinity);
  });

  it('oidcc-max-age-10000: is not asked again before that, and the time of the first is told', async () => {
    const { visitor, claims } = await signedIn({ max_age: '15000' });
    await server.pass(2);
    const again = await party.flow({ max_age: '10000' }, visitor);
    expect(again.journey.asked).not.toContain('login');
    expect(again.claims).toMatchObject({ sub: claims.sub, auth_time: claims.auth_time });
    expect(claims.auth_time).toBeTypeOf('number');
  });

  it('oidcc-id-token-hint: comes back without a word for whom the client names by an ID token', async () => {
    const { visitor, claims, idToken } = await signedIn();
    const again = await party.flow({ prompt: 'none', id_token_hint: idToken }, visitor);
    expect(again.journey.asked).toEqual([]);
    expect(again.claims.sub).toBe(claims.sub);
  });

  it('does not come back for whom an ID token does not name', async () => {
    const [{ visitor }, { idToken }] = [await signedIn(), await signedIn()];
    const { params } = await party.request({ prompt: 'none', id_token_hint: idToken });
    const { back } = await party.travel(visitor.browser, visitor.person, party.plainLink(params));
    expect(back?.searchParams.get('error')).toBe('login_required');
  });
});
