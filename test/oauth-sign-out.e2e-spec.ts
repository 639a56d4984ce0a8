import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { Browse } from './support/browse.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { AFTER_LOGOUT, connect, placeOf, RelyingParty, startIssuer, type Tokens } from './support/relying-party.js';

let app: TestApp;
let party: RelyingParty;
let user: TestCaller;

beforeAll(async () => {
  app = await startIssuer();
  party = await RelyingParty.of(app, await asAdmin(app));
});
afterAll(() => app.stop());

const address = (parameters: Record<string, string>): string =>
  client.buildEndSessionUrl(party.config, parameters).href;
const hint = ({ id_token }: Tokens) => ({ id_token_hint: id_token ?? '' });
const isSignedIn = async (browser: Browse): Promise<boolean> => placeOf(await browser.get('/account')) === '/account';

async function someone() {
  user = await asUser(app);
  return connect(app, party, user);
}

describe('GET /oauth/logout', () => {
  it('asks first, and leads back to the application where that is registered', async () => {
    const { browser, tokens } = await someone();
    const page = await browser.get(address({ ...hint(tokens), post_logout_redirect_uri: AFTER_LOGOUT, state: 'mine' }));
    expect([page.status, /Photo printer<\/bdi><\/strong> asks you to sign out/.test(page.html)]).toEqual([200, true]);
    expect(await isSignedIn(browser)).toBe(true);
    await browser.get(page.url);
    const back = await browser.submit({ logout: 'yes' });
    expect(back.location).toBe(`${AFTER_LOGOUT}?state=mine`);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('lets its form end at that address and nowhere else', async () => {
    const { browser, tokens } = await someone();
    const page = await browser.get(address({ ...hint(tokens), post_logout_redirect_uri: AFTER_LOGOUT }));
    expect(page.headers['content-security-policy']).toContain("form-action 'self' https://app.example;");
    const plain = await browser.get(address(hint(tokens)));
    expect(plain.headers['content-security-policy']).toContain("form-action 'self';");
  });

  it('leads to no address that was not registered', async () => {
    const { browser, tokens } = await someone();
    const page = await browser.get(address({ ...hint(tokens), post_logout_redirect_uri: 'https://evil.example/' }));
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(page.html).not.toContain('evil.example');
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('leads back who is not signed in any more, without a script', async () => {
    const { browser, tokens } = await someone();
    await browser.get('/oauth/logout');
    await browser.submit({ logout: 'yes' });
    const page = await browser.get(address({ ...hint(tokens), post_logout_redirect_uri: AFTER_LOGOUT }));
    expect([page.status, page.html.includes('Sign out?')]).toEqual([200, true]);
    expect((await browser.submit({ logout: 'yes' })).location).toBe(AFTER_LOGOUT);
  });

  it('asks no less of who comes without any hint', async () => {
    const { browser } = await someone();
    const page = await browser.get('/oauth/logout');
    expect(page.html).toContain('Sign out?');
    const end = await browser.submit({ logout: 'yes' });
    expect([end.status, end.html.includes('You are signed out')]).toEqual([200, true]);
    expect(await isSignedIn(browser)).toBe(false);
  });
});

describe('POST /oauth/logout/confirm', () => {
  it('ends the session of the person, not only that of the browser', async () => {
    const { browser } = await someone();
    const count = async () => (await user.call('GET', '/api/v1/auth/sessions')).body.items.length as number;
    const before = await count();
    await browser.get('/oauth/logout');
    await browser.submit({ logout: 'yes' });
    expect([before, await count()]).toEqual([2, 1]);
    expect((await user.call('GET', '/api/v1/users/me')).status).toBe(200);
  });

  it.each<[string, Record<string, string>]>([
    ['signs out', { logout: 'yes' }],
    ['stays', {}],
  ])('leaves an application connected whose next request nobody has decided about: %s', async (_, decision) => {
    const { tokens } = await someone();
    const browser = new Browse(app.url);
    await browser.get((await party.begin({ prompt: 'consent' })).url);
    const asked = await browser.submit({ email: user.email, password: user.password });
    expect(placeOf(asked)).toBe('/consent/:uid');
    await browser.get(address({ client_id: party.registered.id }));
    await browser.submit(decision);
    expect((await party.refresh(tokens)).access_token).toMatch(/./);
  });

  it('leaves an application connected', async () => {
    const { browser, tokens } = await someone();
    await browser.get('/oauth/logout');
    await browser.submit({ logout: 'yes' });
    expect((await party.refresh(tokens)).access_token).toBeTruthy();
  });

  it('signs nobody out who wants to stay', async () => {
    const { browser, tokens } = await someone();
    await browser.get(address({ ...hint(tokens), post_logout_redirect_uri: AFTER_LOGOUT }));
    const back = await browser.submit({ stay: 'yes' });
    expect([back.location, await isSignedIn(browser)]).toEqual([AFTER_LOGOUT, true]);
  });
});
