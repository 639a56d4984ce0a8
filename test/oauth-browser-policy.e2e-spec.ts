import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { launchBrowser } from './support/browser.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { PageServer } from './support/page-server.js';
import { findBrowser, skips } from './support/programs.js';
import { type Begun, connect, RelyingParty, startIssuer } from './support/relying-party.js';
import { codeOf, letCodesPass, withTotp, type WithTotp } from './support/totp.js';

/** Whoever has allowed an application goes on to it from a form, past a policy that says where forms may end. */
describe.skipIf(skips(findBrowser() ? null : 'chromium is not installed'))('a person who comes back', () => {
  let app: TestApp;
  let chromium: Browser;
  let elsewhere: PageServer;
  let party: RelyingParty;
  let context: BrowserContext;
  let page: Page;
  /** What the console has said that nobody wants to hear. */
  let said: string[];

  beforeAll(async () => {
    [app, chromium, elsewhere] = await Promise.all([startIssuer({}, 'localhost'), launchBrowser(), PageServer.start()]);
    // Of another site, not only of another origin.
    const redirectUris = [`${elsewhere.origin.replace('localhost', '127.0.0.1')}/callback`];
    party = await RelyingParty.of(app, await asAdmin(app), { redirectUris });
  });
  afterAll(async () => {
    await chromium?.close();
    await elsewhere?.close();
    await app?.stop();
  });
  beforeEach(async () => {
    elsewhere.show(({ path }) =>
      path.startsWith('/callback') ? { page: '<title>The application</title>' } : undefined,
    );
    said = [];
    context = await chromium.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on('console', (message) => {
      // An icon that an application has not is its own.
      const isOurs = !message.text().includes('status of 404');
      if (['error', 'warning'].includes(message.type()) && isOurs) said.push(message.text());
    });
    page.on('pageerror', (error) => said.push(error.message));
  });
  afterEach(() => context.close());

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();

  async function giveIn({ email, password }: Pick<TestCaller, 'email' | 'password'>): Promise<void> {
    await page.fill('#email', email);
    await page.fill('#password', password);
    await press('Sign in');
  }

  /** Somebody who has allowed the application what it asks for, in another browser. */
  async function someone<Caller extends TestCaller>(user: Caller): Promise<Caller> {
    await connect(app, party, user);
    return user;
  }

  /** At the application without having been asked for anything more, and nothing was barred. */
  async function expectArrival(begun: Begun, { id }: TestCaller): Promise<void> {
    await page.waitForURL('**/callback?*');
    expect(await page.title()).toBe('The application');
    expect((await party.finish(begun, page.url())).claims()?.sub).toBe(id);
    expect(said).toEqual([]);
  }

  it('signs in, and is at the application', async () => {
    const user = await someone(await asUser(app));
    const begun = await party.begin();
    await page.goto(begun.url);
    await giveIn(user);
    await expectArrival(begun, user);
  });

  it('confirms who they are, and is at the application', async () => {
    const user = await someone(await asUser(app));
    await page.goto(`${app.url}/login`);
    await giveIn(user);
    await page.waitForURL('**/account');
    const begun = await party.begin({ prompt: 'login' });
    await page.goto(begun.url);
    await page.fill('#password', user.password);
    await press('Continue');
    await expectArrival(begun, user);
  });

  it('shows the second factor, and is at the application; the same when they are asked again', async () => {
    const user: WithTotp = await withTotp(app, await someone(await asUser(app)));
    const answer = async (begun: Begun) => {
      await letCodesPass(app, user.id);
      await page.fill('#code', await codeOf(user.secret));
      await press('Continue');
      await expectArrival(begun, user);
    };
    const begun = await party.begin();
    await page.goto(begun.url);
    await giveIn(user);
    await answer(begun);
    const again = await party.begin({ prompt: 'login' });
    await page.goto(again.url);
    await answer(again);
  });

  it.each(['login', 'consent'])('is taken to the application with a form of its own, after %s', async (prompt) => {
    const user = prompt === 'login' ? await someone(await asUser(app)) : await asUser(app);
    const begun = await party.begin({ response_mode: 'form_post' });
    await page.goto(begun.url);
    await giveIn(user);
    if (prompt === 'consent') await press('Allow');
    await page.waitForURL('**/callback');
    expect(await page.title()).toBe('The application');
    const { method, form } = elsewhere.visits.find(({ path }) => path === '/callback') ?? {};
    expect([method, form?.get('state')]).toEqual(['POST', begun.state]);
    const tokens = await party.finish(begun, `${page.url()}?${form?.toString()}`);
    expect([tokens.claims()?.sub, said]).toEqual([user.id, []]);
  });
});
