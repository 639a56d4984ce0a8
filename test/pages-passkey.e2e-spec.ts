import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageOf } from '../src/pages/layout.js';
import { loginView } from '../src/pages/login.view.js';
import { passkeyForm } from '../src/pages/passkey-form.js';
import { secondFactorView } from '../src/pages/second-factor.view.js';
import { startApp, type TestApp } from './support/app.js';
import { addAuthenticator, launchBrowser } from './support/browser.js';
import { asUser, claimsOf, type TestCaller } from './support/callers.js';
import { PageServer } from './support/page-server.js';
import { signIn } from './support/passkeys.js';
import { findBrowser, skips } from './support/programs.js';

const csrf = { name: 'csrf', value: 'a-token' };
const BUTTON = 'form[data-passkey] button';
const MESSAGE = '[data-passkey-message]';

/** What browsers of before have not, taken away before any script of a page runs. */
const OLDER = `for (const each of ['parseCreationOptionsFromJSON', 'parseRequestOptionsFromJSON', 'isConditionalMediationAvailable'])
  delete PublicKeyCredential[each];
delete PublicKeyCredential.prototype.toJSON;`;

/** Somebody who does not take what the field offers; the authenticator of these tests always would. Only an abort ends that. */
const NOT_CHOSEN = `const get = navigator.credentials.get.bind(navigator.credentials);
let offered = false;
navigator.credentials.get = (options) => {
  if (!options.mediation) return offered ? Promise.reject(new Error('two at once')) : get(options);
  offered = true;
  return new Promise((_, reject) => options.signal.addEventListener('abort', () => {
    offered = false;
    reject(options.signal.reason);
  }));
};`;

describe.skipIf(skips(findBrowser() ? null : 'chromium is not installed'))('the script of pages', () => {
  let server: PageServer;
  let app: TestApp;
  let browser: Browser;
  let page: Page;
  let me: TestCaller;
  let madeWith: { json: object; id: string };

  beforeAll(async () => {
    [server, browser] = await Promise.all([PageServer.start(), launchBrowser()]);
    app = await startApp({ PUBLIC_URL: server.origin });
    me = await asUser(app);
    page = await browser.newPage();
    await addAuthenticator(page);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await app?.stop();
  });

  const creating = () => {
    const ask = { action: '/done', optionsUrl: '/options' };
    return pageOf({ title: 'A passkey', body: passkeyForm({ csrf, ceremony: 'create', label: 'Add', ask }) });
  };
  const loginWith = (options?: object) => {
    const passkey = { action: '/done', options, optionsUrl: '/options' };
    return loginView({ csrf, action: '/login', client: null, providers: [], passkey });
  };
  const requestOptions = async () => (await app.call('POST', '/api/v1/auth/passkey/options')).body as object;

  /** Shows a page, does something there, and gives what the form for a passkey sent. */
  async function sentBy(markup: string, act: () => Promise<unknown>, json?: object): Promise<Record<string, string>> {
    server.show(({ path }) => {
      if (path === '/options') return json ? { json } : { status: 401 };
      return { page: path === '/' ? markup : pageOf({ title: 'Done', body: null }) };
    });
    await page.goto(server.origin);
    await Promise.all([page.waitForURL('**/done'), act()]);
    return Object.fromEntries(server.visits.find(({ path }) => path === '/done')?.form ?? []);
  }

  /** What the page says when the button leads nowhere. */
  async function messageOf(markup: string, json?: object): Promise<string | null> {
    server.show(({ path }) => (path === '/options' ? json && { json } : { page: markup }));
    await page.goto(server.origin);
    await page.click(BUTTON);
    await page.waitForSelector(`${MESSAGE}:not(:empty)`);
    expect(await page.getAttribute(BUTTON, 'aria-busy')).toBe('false');
    expect(server.visits.map(({ path }) => path)).not.toContain('/done');
    return page.textContent(MESSAGE);
  }

  /** Whom the API lets in with it. */
  async function entered(sent: Record<string, string>): Promise<unknown> {
    const { status, body } = await signIn(app.call, JSON.parse(sent['response'] ?? '') as object);
    return [status, claimsOf(body.access_token)['sub'], sent['csrf']];
  }

  it('makes a passkey with options that it fetches, which the API keeps', async () => {
    const json = (await me.call('POST', '/api/v1/users/me/passkeys/options')).body as object;
    const { csrf: token, response = '' } = await sentBy(creating(), () => page.click(BUTTON), json);
    const made = { name: 'Laptop', response: JSON.parse(response) as { id: string } };
    madeWith = { json, id: made.response.id };
    expect([token, (await me.call('POST', '/api/v1/users/me/passkeys', { json: made })).status]).toEqual([
      'a-token',
      201,
    ]);
    const asked = server.visits.find(({ path }) => path === '/options');
    expect([asked?.method, asked?.form.get('csrf')]).toEqual(['POST', 'a-token']);
  });

  it('says why a device that has one makes no other', async () => {
    const json = { ...madeWith.json, excludeCredentials: [{ id: madeWith.id, type: 'public-key' }] };
    expect(await messageOf(creating(), json)).toBe('This device already has a passkey for your account.');
  });

  it('sends the form without an answer when somebody has to show first who they are', async () => {
    expect(await sentBy(creating(), () => page.click(BUTTON))).toEqual({ csrf: 'a-token', response: '' });
  });

  it('says so when options cannot be had', async () => {
    expect(await messageOf(loginWith())).toBe('That did not work. Try again, or use another way.');
  });

  it('signs in as soon as somebody takes what the browser offers in the field for the address', async () => {
    const sent = await sentBy(loginWith(await requestOptions()), async () => undefined);
    expect(await entered(sent)).toEqual([200, me.id, 'a-token']);
  });

  it('signs in by the button while that is still offered', async () => {
    await page.addInitScript(NOT_CHOSEN);
    const sent = await sentBy(loginWith(await requestOptions()), () => page.click(BUTTON));
    expect(await entered(sent)).toEqual([200, me.id, 'a-token']);
  });

  it('signs in where a browser is older', async () => {
    await page.addInitScript(OLDER);
    const sent = await sentBy(loginWith(await requestOptions()), () => page.click(BUTTON));
    expect(await entered(sent)).toEqual([200, me.id, 'a-token']);
  });

  it('shows no button where no script runs, and says so where there is no other way', async () => {
    const model = { csrf, action: '/done', challenge: 'x', passkeyOptions: {}, client: null };
    const markup = secondFactorView({ ...model, methods: ['passkey', 'recovery_code'] });
    server.show(() => ({ page: markup }));
    const bare = await browser.newPage({ javaScriptEnabled: false });
    const shown = await Promise.all(
      [page, bare].map(async (each) => {
        await each.goto(server.origin);
        return [await each.isVisible(BUTTON), await each.isVisible('[data-no-passkey]')];
      }),
    );
    await bare.close();
    expect(shown).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it('shows a password and hides it again', async () => {
    server.show(() => ({ page: loginWith() }));
    await page.goto(server.origin);
    const kinds = [];
    for (let presses = 0; presses < 3; presses += 1) {
      kinds.push(await page.getAttribute('#password', 'type'));
      await page.click('[data-reveal]');
    }
    expect(kinds).toEqual(['password', 'text', 'password']);
  });
});
