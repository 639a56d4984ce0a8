import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { Browse, type Visited } from './support/browse.js';
import { aPerson } from './support/factories.js';
import { CALLBACK, CREDENTIALS, type OpenIdServer, signInBy, startOpenId } from './support/outside.js';

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
const codeOn = ({ html }: Visited) => /<code>(\w+)<\/code>/.exec(html)?.[1];

describe('where an address must be confirmed before anybody comes in', () => {
  it('says the same of one that nobody has as of one that somebody has, when the provider has not proved it', async () => {
    const { email, password } = aPerson();
    await app.call('POST', '/api/v1/auth/register', { json: { email, password } });
    const pages: Visited[] = [];
    for (const address of [email, aPerson().email]) {
      idp.person = as(address, { email_verified: false });
      pages.push(await signInBy(new Browse(app.url), idp, 'sso'));
    }
    const texts = pages.map(({ status, html }) => [status, html.replace(/[0-9a-f-]{36}/g, '')]);
    expect(texts[0]).toEqual(texts[1]);
    expect([texts[0]?.[0], codeOn(pages[0] as Visited)]).toEqual([403, 'email_unconfirmed']);
    const mails = await app.db.query<{ kind: string }>('SELECT kind FROM outgoing_mails ORDER BY id');
    expect(mails.map(({ kind }) => kind)).toEqual(['verify_email', 'address_taken', 'verify_email']);
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
