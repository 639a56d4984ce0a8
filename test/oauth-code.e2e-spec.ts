import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { Browse } from './support/browse.js';
import { asAdmin, asUser, claimsOf, type TestCaller } from './support/callers.js';
import { answerIn, connect, placeOf, REDIRECT, RelyingParty, signInFor, startIssuer } from './support/relying-party.js';

let app: TestApp;
let party: RelyingParty;
let user: TestCaller;

beforeAll(async () => {
  app = await startIssuer();
  party = await RelyingParty.of(app, await asAdmin(app));
  user = await asUser(app);
  await user.call('PATCH', '/api/v1/users/me', { json: { username: 'ada', displayName: 'Ada Lovelace' } });
});
afterAll(() => app.stop());

describe('GET /oauth/authorize', () => {
  it('leads over the sign-in and the consent back to the application, with a code', async () => {
    const begun = await party.begin({ login_hint: user.email });
    const browser = await signInFor(app, begun.url, user);
    expect(placeOf(browser.page)).toBe('/consent/:uid');
    expect(browser.page.html).toContain('Photo printer');
    const back = await browser.submit({ decision: 'allow' });
    expect([back.status, back.location?.split('?')[0]]).toEqual([303, REDIRECT]);
    // RFC 9207: which server it was is part of the answer.
    expect(answerIn(back)).toEqual({ code: expect.any(String), state: begun.state, iss: `${app.url}/oauth` });
    const { token_type, expires_in, scope } = await party.finish(begun, back.location);
    expect([token_type, expires_in, scope]).toEqual(['bearer', 600, 'data:read']);
  });

  it('shows the address that the application knows already', async () => {
    const page = await new Browse(app.url).get((await party.begin({ login_hint: 'ada@example.com' })).url);
    expect(page.html).toMatch(/name="email"[^>]*value="ada@example.com"/s);
  });

  it('takes a request that was pushed ahead, and asks nothing that was allowed before', async () => {
    const begun = await party.beginPushed();
    expect([...new URL(begun.url).searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri']);
    const browser = await signInFor(app, begun.url, user);
    expect((await party.finish(begun, browser.page.location)).claims()?.sub).toBe(user.id);
  });

  it('gives no code where nobody is asked and somebody would have to be', async () => {
    const { browser } = await connect(app, await RelyingParty.of(app, await asAdmin(app)), user);
    const other = await RelyingParty.of(app, await asAdmin(app));
    const silent = await browser.get((await other.begin({ prompt: 'none' })).url);
    expect(answerIn(silent)['error']).toBe('consent_required');
    const stranger = await new Browse(app.url).get((await other.begin({ prompt: 'none' })).url);
    expect(answerIn(stranger)['error']).toBe('login_required');
  });
});

describe('POST /oauth/token by a code', () => {
  it('gives an access token that does at the API what was allowed, and nothing else', async () => {
    const { tokens } = await connect(app, await RelyingParty.of(app, await asAdmin(app)), user);
    const { access_token: token } = tokens;
    expect(claimsOf(token)).toMatchObject({ iss: `${app.url}/oauth`, aud: `${app.url}/api`, sub: user.id });
    expect(claimsOf(token)).toMatchObject({ scope: 'data:read', grant_id: expect.any(String) });
    const [read, write, sessions] = await Promise.all([
      app.call('GET', '/api/v1/data', { token }),
      app.call('POST', '/api/v1/data', { token, json: {} }),
      app.call('GET', '/api/v1/auth/sessions', { token }),
    ]);
    expect([read.status, write.status, sessions.status]).toEqual([200, 403, 403]);
    expect(write.body.code).toBe('insufficient_scope');
  });

  it('says in the ID token who signed in, when and how', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { tokens } = await connect(app, await RelyingParty.of(app, await asAdmin(app)), user, {
      scope: 'openid profile email',
    });
    const claims = tokens.claims();
    expect(claims).toMatchObject({ iss: `${app.url}/oauth`, sub: user.id, acr: 'aal1', amr: ['pwd'] });
    expect(claims?.['auth_time']).toBeGreaterThanOrEqual(before);
    // What else there is to know of a person is read where the token is shown (OpenID Connect Core section 5.4).
    expect(claims).not.toHaveProperty('email');
  });

  it('gives tokens for a code once, and takes them back from whoever uses it again', async () => {
    const own = await RelyingParty.of(app, await asAdmin(app));
    const begun = await own.begin();
    const browser = await signInFor(app, begun.url, user);
    const { location } = await browser.submit({ decision: 'allow' });
    const { access_token: token } = await own.finish(begun, location);
    await expect(own.finish(begun, location)).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await app.call('GET', '/api/v1/data', { token })).status).toBe(401);
  });
});

describe('POST /oauth/token by a refresh token', () => {
  it('gives the next tokens, and ends everything when an old one comes again', async () => {
    const own = await RelyingParty.of(app, await asAdmin(app));
    const { tokens } = await connect(app, own, user);
    const next = await own.refresh(tokens);
    expect(next.refresh_token).not.toBe(tokens.refresh_token);
    expect((await app.call('GET', '/api/v1/data', { token: next.access_token })).status).toBe(200);
    await expect(own.refresh(tokens)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(own.refresh(next)).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await app.call('GET', '/api/v1/data', { token: next.access_token })).status).toBe(401);
  });
});

describe('GET /oauth/userinfo', () => {
  it('tells what of a person was allowed', async () => {
    const own = await RelyingParty.of(app, await asAdmin(app));
    const scope = 'openid profile email';
    const { tokens } = await connect(app, own, user, { scope });
    expect(await own.userinfo(tokens, user.id)).toEqual({
      sub: user.id,
      email: user.email,
      email_verified: false,
      name: 'Ada Lovelace',
      preferred_username: 'ada',
      updated_at: expect.any(Number),
    });
    const other = await RelyingParty.of(app, await asAdmin(app));
    const { tokens: less } = await connect(app, other, user, { scope: 'openid' });
    expect(await other.userinfo(less, user.id)).toEqual({ sub: user.id });
  });
});
