import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signOutView } from '../src/pages/sign-out.view.js';
import { formPagePolicy } from '../src/security/security-headers.js';
import { launchBrowser } from './support/browser.js';
import { PageServer } from './support/page-server.js';
import { findBrowser, skips } from './support/programs.js';

const page = signOutView({ action: '/decided', csrf: { name: 'csrf', value: 'x' } });

describe.skipIf(skips(findBrowser() ? null : 'chromium is not installed'))('the policy of a page with a form', () => {
  let browser: Browser;
  let tab: Page;
  let here: PageServer;
  let client: PageServer;
  let elsewhere: PageServer;

  beforeAll(async () => {
    [browser, here, client, elsewhere] = await Promise.all([
      launchBrowser(),
      PageServer.start(),
      PageServer.start(),
      PageServer.start(),
    ]);
    tab = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all([here, client, elsewhere].map((each) => each?.close()));
  });

  /** Decides on a page with this policy, which ends at the client, and says who was visited after that. */
  async function visited(policy: string, location?: string): Promise<string[]> {
    here.show(({ method }) => (method === 'POST' ? { location: `${client.origin}/callback` } : { page, policy }));
    client.show(() => (location ? { location } : { page }));
    elsewhere.show(() => ({ page }));
    await tab.goto(here.origin);
    // A way that is barred ends with an aborted navigation.
    const end = tab.waitForURL((url) => url.origin !== here.origin).catch(() => null);
    await Promise.all([end, tab.click('button[name=stay]')]);
    return [...(client.visits.length > 0 ? ['client'] : []), ...(elsewhere.visits.length > 0 ? ['elsewhere'] : [])];
  }

  it('keeps the answer to a form from leading to an address that it does not name', async () => {
    expect(await visited(formPagePolicy())).toEqual([]);
  });

  it('lets it lead to the client that it names', async () => {
    expect(await visited(formPagePolicy(`${client.origin}/callback`))).toEqual(['client']);
  });

  it('holds for where the client sends people next, too', async () => {
    expect(await visited(formPagePolicy(client.origin), `${elsewhere.origin}/`)).toEqual(['client']);
    expect(await visited(formPagePolicy(client.origin, elsewhere.origin), `${elsewhere.origin}/`)).toEqual([
      'client',
      'elsewhere',
    ]);
  });
});
