import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { attributeOf, Browse, type Visited } from './support/browse.js';
import { asAdmin, asUser } from './support/callers.js';
import { pageForms, WITH_PROVIDER, type World, worldOf } from './support/page-forms.js';
import { signInTo, startIssuer } from './support/relying-party.js';

let app: TestApp;
let world: World;

beforeAll(async () => {
  // Passkeys need a name, and this is the one that a machine has for itself.
  app = await startIssuer(WITH_PROVIDER, 'localhost');
  world = await worldOf(app, await asAdmin(app));
});
afterAll(() => app.stop());

const ID = '01999999-9999-7999-8999-999999999999';
const UID = 'a'.repeat(43);

/** Where forms lead, and the page that each is of. */
const addresses: Readonly<Record<string, string>> = {
  '/login/account/mfa': '/login/account',
  '/login/account/passkey': '/login/account',
  '/login/account/password': '/login/account',
  '/login/account/switch': '/login/account',
  [`/login/${UID}/mfa`]: `/login/${UID}`,
  '/account/sign-out': '/account',
  '/account/passkeys': '/account',
  '/account/sessions/end': '/account',
  '/account/providers/github/link': '/account',
  '/account/providers/github/end': '/account',
  [`/account/sessions/${ID}/end`]: '/account',
  [`/account/grants/${ID}/end`]: '/account',
  [`/account/keys/${ID}/end`]: '/account',
  [`/account/passkeys/${ID}/end`]: '/account',
};

describe('the address of a form, loaded again without it', () => {
  it.each(Object.entries(addresses))('%s leads to the page of the form', async (address, page) => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await app.call(method, address, { headers: { accept: 'text/html' } });
      expect([method, status, headers.get('location')]).toEqual([method, 303, page]);
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  // A script sends the other one, and nobody is ever there.
  const forms = Object.entries(pageForms).filter(([route]) => !/passkeys.options|logout.confirm/.test(route));
  it.each(forms)('%s: whoever has the form before them sees a page', async (_, ready) => {
    const { browser, action } = await ready(world);
    const page = await browser.get(action);
    expect([page.status, page.headers['content-type'], page.html.includes('<h1>')]).toEqual([
      200,
      'text/html; charset=utf-8',
      true,
    ]);
  });

  it('ends nothing', async () => {
    const browser = await signInTo(app, await asUser(app));
    for (const address of ['/account/sign-out', '/account/sessions/end', '/login/account/switch']) {
      expect(new URL((await browser.get(address)).url).pathname).toBe('/account');
    }
  });
});

/** Refusals that are a page, as somebody comes to them with their browser. */
const refusals: Readonly<Record<string, (browser: Browse) => Promise<unknown>>> = {
  'a form of the sign-in that is out of date': (browser) =>
    browser.post('/login/account', { csrf: 'old', email: '', password: '' }),
  'a form of a waiting sign-in that is out of date': async (browser) => {
    await browser.get((await world.party.begin()).url);
    return browser.submit({ csrf: 'old', email: 'a@example.com', password: 'x' });
  },
  'a second step that is out of date': (browser) => browser.post('/login/account/mfa', { csrf: 'old' }),
  'a form of the account that is out of date': (browser) => browser.post('/account/sessions/end', { csrf: 'old' }),
  'a form without what belongs into it': (browser) => browser.post('/login/account', { other: 'x' }),
  'nobody to sign in with': (browser) => browser.get('/api/v1/auth/providers/nobody/start'),
  'an answer that nobody waits for': (browser) => browser.get('/api/v1/auth/providers/github/callback?code=x&state=y'),
  'what is no sign-in': (browser) => browser.get('/login/nonsense'),
  'no page of the sign-in': (browser) => browser.get('/login/account/nothing'),
  'no page of signing out': (browser) => browser.get('/oauth/logout/confirm'),
  'no page of devices': (browser) => browser.get('/device/nothing'),
  'no page of the account': (browser) => browser.get('/account/nothing'),
  'a form of the consent that is out of date': async (browser) => {
    const { email, password } = await asUser(app);
    await browser.get((await world.party.begin()).url);
    await browser.submit({ email, password });
    return browser.submit({ csrf: 'old', decision: 'allow' });
  },
  'an arrival from nowhere': (browser) => browser.get('/login/account/outside'),
};
const wayOut = ({ html }: Visited): string | undefined =>
  attributeOf(/class="way-out">\s*<a [^>]*>/.exec(html)?.[0] ?? '', 'href');

describe('a page that refuses', () => {
  it.each(Object.entries(refusals))('%s: leads to where somebody can begin anew', async (_, refuse) => {
    const browser = new Browse(app.url);
    await refuse(browser);
    expect(browser.page.status).toBeGreaterThanOrEqual(400);
    expect(browser.page.headers['content-type']).toBe('text/html; charset=utf-8');
    // In words for whoever knows no methods of HTTP.
    expect(browser.page.html).not.toContain('see Allow');
    const next = await browser.get(wayOut(browser.page) ?? '/there-is-no-link');
    expect([next.status, /Sign in|Signed in|Connect a device/.test(next.html)]).toEqual([200, true]);
  });

  it('leads to the same sign-in, for the same application', async () => {
    const browser = new Browse(app.url);
    const { url } = await browser.get((await world.party.begin()).url);
    const refused = await browser.submit({ csrf: 'old', email: 'a@example.com', password: 'x' });
    expect(new URL(wayOut(refused) ?? '', app.url).href).toBe(url);
    expect((await browser.get(wayOut(refused) ?? '')).html).toContain('Photo printer');
  });

  it('leads whoever is signed in to their account', async () => {
    const browser = await signInTo(app, await asUser(app));
    const refused = await browser.post('/account/sessions/end', { csrf: 'old' });
    expect([refused.status, wayOut(refused)]).toEqual([403, '/account']);
    expect(new URL((await browser.get('/account')).url).pathname).toBe('/account');
  });

  it('leads nowhere when the sign-in is over: only the application can begin it anew', async () => {
    const page = await new Browse(app.url).get(`/login/${UID}`);
    expect([page.status, wayOut(page)]).toEqual([400, undefined]);
    expect(page.html).toContain('Go back to the app, and start again.');
  });
});
