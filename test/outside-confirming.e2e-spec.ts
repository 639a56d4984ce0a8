import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { Browse, formsOf, type Visited } from './support/browse.js';
import { login, type TestCaller } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { CALLBACK, CREDENTIALS, type OpenIdServer, signInBy, signInThere, startOpenId } from './support/outside.js';
import { signInTo } from './support/relying-party.js';

let app: TestApp;
let idp: OpenIdServer;

beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  idp = await startOpenId(`${url}${CALLBACK('sso')}`);
  const OIDC_PROVIDERS = JSON.stringify([{ name: 'sso', label: 'SSO', issuer: idp.url, ...CREDENTIALS }]);
  app = await startApp({ PORT: String(port), PUBLIC_URL: url, AUTH_REQUIRE_VERIFIED_EMAIL: 'true', OIDC_PROVIDERS });
});
afterAll(async () => {
  await app.stop();
  await idp.stop();
});

let people = 0;
const as = (email: string, changes: object = {}) => {
  people += 1;
  return { sub: `waiting-${people}`, email, email_verified: true, ...changes };
};
/** All that is shown, without what is different each time. */
const textOf = ({ status, url, html, headers }: Visited): string =>
  JSON.stringify([
    status,
    new URL(url).pathname,
    headers['content-security-policy'],
    html.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|(?<=name="csrf" value=")[^"]+/g, ''),
  ]);
const codeOn = ({ html }: Visited) => /<code>(\w+)<\/code>/.exec(html)?.[1];

describe('where an address must be confirmed before anybody comes in', () => {
  it('says the same of one that nobody has as of one that somebody has, when the provider has not proved it', async () => {
    const { email, password } = aPerson();
    await app.call('POST', '/api/v1/auth/register', { json: { email, password } });
    const pages: Visited[] = [];
    for (const address of [email, aPerson().email]) {
      idp.person = as(address, { email_verified: false });
      // The second time there is an account of the one whose address nobody had.
      for (let times = 0; times < 2; times += 1) pages.push(await signInBy(new Browse(app.url), idp, 'sso'));
    }
    expect(new Set(pages.map(textOf)).size).toBe(1);
    expect([pages[0]?.status, codeOn(pages[0] as Visited)]).toEqual([403, 'email_unconfirmed']);
    const mails = await app.db.query<{ kind: string }>('SELECT kind FROM outgoing_mails ORDER BY id');
    const [registered, ...told] = mails.map(({ kind }) => kind);
    expect([registered, told]).toEqual([
      'verify_email',
      ['address_taken', 'address_taken', 'verify_email', 'verify_email'],
    ]);
  });

  it('lets in who has confirmed it meanwhile, and sends the mail again to who has not', async () => {
    idp.person = as(aPerson().email, { email_verified: false });
    const email = idp.person.email ?? '';
    await signInBy(new Browse(app.url), idp, 'sso');
    expect((await signInBy(new Browse(app.url), idp, 'sso')).status).toBe(403);
    const mails = await app.db.query(`SELECT 1 FROM outgoing_mails WHERE payload ->> 'email' = $1`, [email]);
    expect(mails).toHaveLength(2);
    await app.db.query('UPDATE users SET email_verified_at = now() WHERE email = $1', [email]);
    expect((await signInBy(new Browse(app.url), idp, 'sso')).html).toContain(email);
  });

  it('lets in at once whose address the provider has proved', async () => {
    idp.person = as(aPerson().email);
    expect((await signInBy(new Browse(app.url), idp, 'sso')).html).toContain(idp.person.email);
  });
});

describe('POST /account/providers/:name/link, where an address must be confirmed', () => {
  /** Somebody who has confirmed theirs, with their browser. */
  async function someone(): Promise<{ user: TestCaller; browser: Browse }> {
    const json = aPerson();
    await app.call('POST', '/api/v1/auth/register', { json });
    await app.db.query('UPDATE users SET email_verified_at = now() WHERE email = $1', [json.email]);
    return { user: await login(app, json), browser: await signInTo(app, json) };
  }
  async function link(browser: Browse): Promise<Visited> {
    const { html } = await browser.get('/account');
    const which = formsOf(html).findIndex(({ action }) => action === '/account/providers/sso/link');
    const { headers } = await browser.submit({}, which);
    return browser.get(await signInThere(idp, new URL(String(headers['refresh']).slice('0;url='.length))));
  }
  const ownerOf = async ({ sub }: { sub: string }) =>
    (await app.db.query<{ id: string }>('SELECT user_id AS id FROM outside_accounts WHERE subject = $1', [sub])).map(
      ({ id }) => id,
    );

  it('does not tell whether an address was free, by what hangs on the account that was made with it', async () => {
    const { email, password } = aPerson();
    await app.call('POST', '/api/v1/auth/register', { json: { email, password } });
    for (const address of [email, aPerson().email]) {
      const person = as(address, { email_verified: false });
      idp.person = person;
      await signInBy(new Browse(app.url), idp, 'sso');
      const { user, browser } = await someone();
      const page = await link(browser);
      expect([page.status, new URL(page.url).pathname]).toEqual([200, '/account']);
      expect(page.html).toContain('You can sign in with this account.');
      expect(await ownerOf(person)).toEqual([user.id]);
    }
  });

  it('takes nothing from an account that its owner has confirmed', async () => {
    const person = as(aPerson().email);
    idp.person = person;
    await signInBy(new Browse(app.url), idp, 'sso');
    const before = await ownerOf(person);
    const { browser } = await someone();
    const page = await link(browser);
    expect([page.status, codeOn(page)]).toEqual([409, 'outside_account_taken']);
    expect([before.length, await ownerOf(person)]).toEqual([1, before]);
  });
});
