import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { launchBrowser } from './support/browser.js';
import { asUser } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { CALLBACK, CREDENTIALS, type OpenIdServer, startOpenId } from './support/outside.js';
import { findBrowser, skips } from './support/programs.js';

describe.skipIf(skips(findBrowser() ? null : 'chromium is not installed'))('in a browser', () => {
  let browser: Browser;
  let app: TestApp;
  let idp: OpenIdServer;

  beforeAll(async () => {
    const port = await freePort();
    const url = `http://localhost:${port}`;
    [browser, idp] = [await launchBrowser(), await startOpenId(`${url}${CALLBACK('sso')}`)];
    const OIDC_PROVIDERS = JSON.stringify([{ name: 'sso', label: 'Example SSO', issuer: idp.url, ...CREDENTIALS }]);
    app = await startApp({ PORT: String(port), PUBLIC_URL: url, OIDC_PROVIDERS });
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
    await idp?.stop();
  });

  const open = async (path: string) => {
    const page = await (await browser.newContext({ baseURL: app.url.replace('127.0.0.1', 'localhost') })).newPage();
    await page.goto(path);
    return page;
  };

  it('signs in with the button, by way of another site', async () => {
    idp.person = { sub: 'in-a-browser', email: aPerson().email, email_verified: true };
    const page = await open('/login');
    await page.getByRole('link', { name: 'Continue with Example SSO' }).click();
    await page.waitForURL('**/account');
    expect(await page.content()).toContain(idp.person.email);
  });

  it('links with a form, past a policy that lets forms end with us alone', async () => {
    idp.person = { sub: 'linked-in-a-browser', email: aPerson().email, email_verified: true };
    const me = await asUser(app);
    const page = await open('/login');
    await page.getByLabel('Email').fill(me.email);
    await page.getByLabel('Password', { exact: true }).fill(me.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL('**/account');
    await page.locator('form[action="/account/providers/sso/link"] button').click();
    await page.getByText('You can sign in with this account.').waitFor();
    const linked = await app.db.query('SELECT subject FROM outside_accounts WHERE user_id = $1', [me.id]);
    expect(linked).toEqual([{ subject: 'linked-in-a-browser' }]);
  });
});
