import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { addAuthenticator, launchBrowser } from './support/browser.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { PageServer } from './support/page-server.js';
import { findBrowser, skips } from './support/programs.js';
import { type Begun, RelyingParty, startIssuer } from './support/relying-party.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PHONE = { width: 360, height: 740 };

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

declare const axe: { run(options: RunOptions): Promise<AxeResults> };
declare const document: { documentElement: { scrollWidth: number; clientWidth: number } };

describe.skipIf(skips(findBrowser() ? null : 'chromium is not installed'))('a person at a browser', () => {
  let app: TestApp;
  let chromium: Browser;
  let elsewhere: PageServer;
  let party: RelyingParty;
  let user: TestCaller;
  let context: BrowserContext;
  /** What the console has said that nobody wants to hear. */
  let said: string[] = [];

  beforeAll(async () => {
    [app, chromium, elsewhere] = await Promise.all([startIssuer({}, 'localhost'), launchBrowser(), PageServer.start()]);
    elsewhere.show(({ path }) =>
      path.startsWith('/callback') ? { page: '<title>The application</title>' } : undefined,
    );
    // Of another site, not only of another origin.
    const redirectUri = `${elsewhere.origin.replace('localhost', '127.0.0.1')}/callback`;
    const redirectUris = [redirectUri];
    party = await RelyingParty.of(app, await asAdmin(app), { redirectUris, postLogoutRedirectUris: [redirectUri] });
  });
  afterAll(async () => {
    await chromium?.close();
    await elsewhere?.close();
    await app?.stop();
  });
  afterEach(() => context.close());

  /** A new browser of a new person, who is at this page. */
  async function openAt(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    user = await asUser(app);
    said = [];
    context = await chromium.newContext({ reducedMotion: 'reduce', viewport: PHONE, ...options });
    const page = await context.newPage();
    page.on('console', (message) => {
      // A form that is answered with 422 is an error to the console; an icon that an application has not is its own.
      const isOurs = !/status of (422|404)/.test(message.text());
      if (['error', 'warning'].includes(message.type()) && isOurs) said.push(message.text());
    });
    page.on('pageerror', (error) => said.push(error.message));
    page.setDefaultTimeout(10_000);
    await page.goto(url);
    return page;
  }

  async function giveIn(page: Page, { email, password }: Pick<TestCaller, 'email' | 'password'> = user): Promise<void> {
    await page.fill('#email', email);
    await page.fill('#password', password);
    await press(page, 'Sign in');
  }

  /** At the application, with what it needs. */
  async function tokensAt(page: Page, begun: Begun) {
    await page.waitForURL('**/callback?*');
    expect(await page.title()).toBe('The application');
    return party.finish(begun, page.url());
  }

  const atConsent = (page: Page) => page.waitForURL('**/consent/*');

  it('signs in with a password, allows, and is at the application', async () => {
    const begun = await party.begin();
    const page = await openAt(begun.url);
    await giveIn(page, { email: user.email, password: 'a wrong one' });
    await page.waitForSelector('[role=alert]');
    expect(await page.inputValue('#email')).toBe(user.email);
    await page.fill('#password', user.password);
    await page.keyboard.press('Enter');
    await atConsent(page);
    const cookies = await context.cookies(app.url);
    expect(cookies.find(({ name }) => name === '__Host-session')).toMatchObject({
      httpOnly: true,
      secure: true,
      sameSite: 'Lax',
      path: '/',
      domain: 'localhost',
    });
    await press(page, 'Allow');
    expect((await tokensAt(page, begun)).claims()?.sub).toBe(user.id);
    // What is remembered needs no page.
    const again = await party.begin();
    await page.goto(again.url);
    await tokensAt(page, again);
    expect(said).toEqual([]);
  });

  it('needs no script', async () => {
    const begun = await party.begin({ scope: 'openid data:read data:write' });
    const page = await openAt(begun.url, { javaScriptEnabled: false });
    expect(await page.isVisible('text=passkey')).toBe(false);
    await giveIn(page);
    await atConsent(page);
    await page.uncheck('[name=scope][value="data:read"]');
    await press(page, 'Allow');
    expect((await tokensAt(page, begun)).scope).toBe('data:write');
    await page.goto(`${app.url}/account`);
    await press(page, 'Sign out everywhere');
    await page.waitForURL('**/login');
  });

  it('needs no mouse', async () => {
    const begun = await party.begin({ scope: 'openid data:read data:write' });
    const page = await openAt(begun.url);
    // The field for the address has the focus.
    await page.keyboard.type(user.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(user.password);
    await page.keyboard.press('Enter');
    await atConsent(page);
    const focused = () => page.evaluate('document.activeElement.innerText || document.activeElement.value || ""');
    for (let tabs = 0; (await focused()) !== 'Allow' && tabs < 20; tabs += 1) {
      if ((await focused()) === 'data:read') await page.keyboard.press('Space');
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    expect((await tokensAt(page, begun)).scope).toBe('data:write');
  });

  it('adds a passkey after being asked again, keeps its codes, and signs in with it alone', async () => {
    const page = await openAt(`${app.url}/login`);
    await addAuthenticator(page);
    await giveIn(page);
    await page.waitForURL('**/account');
    await page.fill('#name', 'My laptop');
    await press(page, 'Add a passkey');
    await page.waitForSelector('h1:has-text("Keep these codes")');
    expect(await page.locator('.codes li').count()).toBe(10);
    await page.click('text="I have kept them"');
    expect(await page.textContent('#passkeys')).toContain('My laptop');
    // Whoever has one has to show it before it goes.
    await press(page, 'Remove My laptop');
    await page.waitForURL('**/login/account/confirm');
    await press(page, 'Use a passkey');
    await page.waitForURL('**/account');
    await press(page, 'Sign out');
    await page.waitForURL(/\/(login|account)$/);
    const begun = await party.begin();
    await page.goto(begun.url);
    // The virtual authenticator takes what the field for the address offers by itself.
    await atConsent(page);
    await press(page, 'Allow');
    expect((await tokensAt(page, begun)).claims()).toMatchObject({ sub: user.id, acr: 'aal2' });
    expect(said).toEqual([]);
  });

  it('shows no page that somebody cannot use, on a telephone or in the dark', async () => {
    const begun = await party.begin({ scope: 'openid profile email offline_access data:read', prompt: 'consent' });
    const page = await openAt(begun.url);
    const faults = [...(await faultsOf(page))];
    await giveIn(page);
    await atConsent(page);
    faults.push(...(await faultsOf(page)));
    for (const path of ['/account', '/oauth/device', '/oauth/logout', '/login/nonsense', '/oauth/authorize?x']) {
      await page.goto(app.url + path);
      faults.push(...(await faultsOf(page)));
    }
    await page.goto((await party.begin({ prompt: 'login' })).url);
    faults.push(...(await faultsOf(page)));
    expect([...faults, ...said.filter((text) => !text.includes('status of 400'))]).toEqual([]);
  });

  it('is let go to the application by the policy of the page, and to nobody else', async () => {
    const begun = await party.begin();
    const page = await openAt(begun.url);
    await giveIn(page);
    await atConsent(page);
    await page.evaluate(`document.querySelector('form').action = 'http://127.0.0.2:1/steal';
      document.querySelector('[value=cancel]').click()`);
    await expect.poll(() => said.join()).toMatch(/form-action/);
    expect(page.url()).toContain('/consent/');
    await page.reload();
    await press(page, 'Cancel');
    await page.waitForURL('**/callback?error=access_denied*');
  });
});

/** What somebody would stumble over, light and dark. */
async function faultsOf(page: Page): Promise<string[]> {
  const faults: string[] = [];
  const where = new URL(page.url()).pathname.replace(/[\w-]{20,}/, ':uid');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) faults.push(`${where}: ${wide} pixels too wide`);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => axe.run({ rules: { 'target-size': { enabled: true } } }));
    faults.push(
      ...violations.map(({ id, nodes }) => `${where}: ${colorScheme}: ${id} ${nodes[0]?.html.slice(0, 200)}`),
    );
  }
  return faults;
}
