import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { Browse, formsOf, type Visited } from './support/browse.js';
import { asUser, type TestCaller } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { hold, waitingBackends } from './support/locks.js';
import { CALLBACK, CREDENTIALS, type OpenIdServer, signInBy, signInThere, startOpenId } from './support/outside.js';
import { aPasskey } from './support/passkeys.js';
import { codeOf, withTotp } from './support/totp.js';

/** So that a test may hold a lock for longer than a request would wait. */
const PATIENT = { DATABASE_LOCK_MS: '20000', DATABASE_STATEMENT_MS: '20000', DATABASE_REQUEST_MS: '20000' };

let app: TestApp;
let idp: OpenIdServer;
let second: OpenIdServer;
let me: TestCaller;
let browser: Browse;

beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  idp = await startOpenId(`${url}${CALLBACK('sso')}`);
  second = await startOpenId(`${url}${CALLBACK('second')}`);
  const OIDC_PROVIDERS = JSON.stringify([
    { name: 'sso', label: 'Example SSO', issuer: idp.url, ...CREDENTIALS },
    { name: 'second', label: 'Second', issuer: second.url, ...CREDENTIALS },
  ]);
  app = await startApp({ PORT: String(port), PUBLIC_URL: url, OIDC_PROVIDERS, ...PATIENT });
});
afterAll(async () => {
  await app.stop();
  await idp.stop();
  await second.stop();
});

let people = 0;
const somebody = (changes: object = {}) => {
  people += 1;
  return { sub: `linked-${people}`, email: aPerson().email, email_verified: true, ...changes };
};

async function signIn(person: TestCaller, as = new Browse(app.url)): Promise<Browse> {
  await as.get('/login');
  const { url } = await as.submit({ email: person.email, password: person.password });
  expect(new URL(url).pathname).toBe('/account');
  return as;
}

beforeEach(async () => {
  me = await asUser(app);
  browser = await signIn(me);
  idp.person = somebody();
});

const press = (at: Browse, action: string): Promise<Visited> => {
  const which = formsOf(at.page?.html ?? '').findIndex((form) => form.action === `/account/providers/${action}`);
  if (which < 0) throw new Error(`there is no button for ${action}: ${at.page?.html}`);
  return at.submit({}, which);
};
const linksOf = (id: string) => app.db.query('SELECT provider, subject FROM outside_accounts WHERE user_id = $1', [id]);
const LINKED_BY = ({ id }: TestCaller) => ['outside_account.linked', id];
const csrfIn = (html: string) => String(formsOf(html)[0]?.fields.find(([name]) => name === 'csrf')?.[1]);
const codeOn = ({ html }: Visited) => /<code>(\w+)<\/code>/.exec(html)?.[1];

/** From the button on the page of the account to the provider. */
async function leave(at = browser, name = 'sso'): Promise<URL> {
  await at.get('/account');
  const { status, headers, html } = await press(at, `${name}/link`);
  const url = /^0;url=(.*)$/.exec(String(headers['refresh']))?.[1] ?? '';
  expect(status).toBe(200);
  expect(html).toContain('Continue with');
  return new URL(url);
}

const link = async (at = browser): Promise<Visited> => at.get(await signInThere(idp, await leave(at)));

describe('POST /account/providers/:name/link', () => {
  it('links the account that somebody signs in with there, whatever its address is', async () => {
    const page = await link();
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/account']);
    expect(page.html).toContain('You can sign in with this account.');
    expect(await linksOf(me.id)).toEqual([{ provider: 'sso', subject: idp.person.sub }]);
    const elsewhere = await signInBy(new Browse(app.url), idp, 'sso');
    expect(elsewhere.html).toContain(me.email);
    const told = await app.db.query('SELECT kind FROM security_events WHERE user_id = $1', [me.id]);
    expect(told).toContainEqual({ kind: 'outside_account.linked' });
    const audited = await app.db.query('SELECT 1 FROM audit_events WHERE action = $1 AND actor_id = $2', LINKED_BY(me));
    expect(audited).toHaveLength(1);
  });

  it('changes nothing the second time', async () => {
    await link();
    // The page has no button for that: as a tab that was opened before.
    const { html } = await browser.get('/account');
    const { headers } = await browser.post('/account/providers/sso/link', { csrf: csrfIn(html) });
    const page = await browser.get(await signInThere(idp, new URL(String(headers['refresh']).slice('0;url='.length))));
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/account']);
    expect(await linksOf(me.id)).toHaveLength(1);
    expect(
      await app.db.query('SELECT 1 FROM audit_events WHERE action = $1 AND actor_id = $2', LINKED_BY(me)),
    ).toHaveLength(1);
  });

  it('takes none that is somebody else’s', async () => {
    await link();
    const stranger = await asUser(app);
    const theirs = await signIn(stranger);
    const page = await link(theirs);
    expect([page.status, codeOn(page)]).toEqual([409, 'outside_account_taken']);
    expect(await linksOf(stranger.id)).toEqual([]);
    expect(await linksOf(me.id)).toHaveLength(1);
  });

  it('is for whoever began it alone: not for who has signed in to the same browser since', async () => {
    const back = await signInThere(idp, await leave());
    const other = await asUser(app);
    await browser.get('/account');
    await browser.submit(
      {},
      formsOf(browser.page?.html ?? '').findIndex(({ action }) => action === '/account/sign-out'),
    );
    await signIn(other, browser);
    const page = await browser.get(back);
    expect([page.status, codeOn(page)]).toEqual([400, 'outside_login_invalid']);
    expect([await linksOf(me.id), await linksOf(other.id)]).toEqual([[], []]);
  });

  it('is not for another browser, and signs nobody in', async () => {
    const back = await signInThere(idp, await leave());
    const another = await signIn(await asUser(app));
    expect(codeOn(await another.get(back))).toBe('outside_login_invalid');
    expect(await linksOf(me.id)).toEqual([]);
    const proved = await app.call('GET', new URL(back).pathname + new URL(back).search, {
      headers: { cookie: `__Host-outside=${browser.cookies().get('__Host-outside')?.value}` },
    });
    const cookie = String(proved.headers.get('set-cookie')).split(';')[0] ?? '';
    const signingIn = await app.call('GET', '/login/account/outside', { headers: { cookie } });
    expect([signingIn.status, signingIn.headers.get('set-cookie')]).toEqual([400, null]);
    const signedOut = await app.call('GET', '/account/providers/finish', { headers: { cookie } });
    expect([signedOut.status, signedOut.headers.get('location')]).toEqual([303, '/login']);
  });

  it('begins with a form of ours alone', async () => {
    const page = await browser.post('/account/providers/sso/link', { csrf: 'forged' });
    expect([page.status, codeOn(page)]).toEqual([403, 'form_expired']);
    expect((await browser.get('/account/providers/sso/link')).url).toMatch(/\/account$/);
  });

  it('asks for the second factor of who has one and has not shown it', async () => {
    const member = await withTotp(app, me);
    await browser.get('/account');
    expect(new URL((await press(browser, 'sso/link')).url).pathname).toBe('/login/account/confirm');
    await browser.submit({ code: await codeOf(member.secret) });
    expect((await link()).status).toBe(200);
    expect(await linksOf(me.id)).toHaveLength(1);
  });
});

describe('POST /account/providers/:name/end', () => {
  it('unlinks it: nobody comes into the account with it any more', async () => {
    await link();
    await browser.get('/account');
    expect(new URL((await press(browser, 'sso/end')).url).pathname).toBe('/account');
    expect(await linksOf(me.id)).toEqual([]);
    const page = await signInBy(new Browse(app.url), idp, 'sso');
    expect(page.html).not.toContain(me.email);
    const kinds = await app.db.query('SELECT kind FROM security_events WHERE user_id = $1 AND kind LIKE $2', [
      me.id,
      'outside_account.un%',
    ]);
    expect(kinds).toEqual([{ kind: 'outside_account.unlinked' }]);
  });

  it('ends a sign-in that waits for the second factor', async () => {
    await link();
    const member = await withTotp(app, me);
    const waiting = new Browse(app.url);
    expect((await signInBy(waiting, idp, 'sso')).html).toContain('name="code"');
    await browser.get('/login/account/confirm');
    await browser.submit({ code: await codeOf(member.secret) });
    await browser.get('/account');
    await press(browser, 'sso/end');
    await app.db.query('UPDATE totp_factors SET last_step = 0 WHERE user_id = $1', [me.id]);
    await waiting.submit({ code: await codeOf(member.secret) });
    expect(waiting.cookies().has('__Host-session')).toBe(false);
  });

  it('keeps the only way in', async () => {
    const alone = new Browse(app.url);
    await signInBy(alone, idp, 'sso');
    const { html } = await alone.get('/account');
    expect(html).toContain('It is your only way in.');
    expect(html).not.toContain('/account/providers/sso/end');
    const csrf = csrfIn(html);
    const page = await alone.post('/account/providers/sso/end', { csrf });
    expect([page.status, codeOn(page)]).toEqual([409, 'last_way_in']);
    const [row] = await app.db.query<{ id: string }>('SELECT user_id AS id FROM outside_accounts WHERE subject = $1', [
      idp.person.sub,
    ]);
    await aPasskey(app.db, row?.id ?? '');
    // One whose device does not ask who holds it lets nobody in without a password.
    expect((await alone.get('/account')).html).not.toContain('/account/providers/sso/end');
    await app.db.query('UPDATE passkeys SET uv_initialized = true WHERE user_id = $1', [row?.id]);
    expect((await alone.get('/account')).html).toContain('/account/providers/sso/end');
  });

  it('is not asked for a password that there is none of: whoever came by somebody else comes once more', async () => {
    const alone = new Browse(app.url);
    await signInBy(alone, idp, 'sso');
    const { html } = await alone.get('/login/account/confirm');
    expect(html).toContain('Continue with <bdi>Example SSO</bdi>');
  });

  it('keeps one of two that go at once', async () => {
    const alone = new Browse(app.url);
    await signInBy(alone, idp, 'sso');
    second.person = somebody();
    await alone.get(await signInThere(second, await leave(alone, 'second')));
    const { html } = await alone.get('/account');
    const csrf = csrfIn(html);
    const release = await hold(app.db, 'LOCK TABLE outside_accounts IN SHARE MODE');
    const ends = ['sso', 'second'].map((name) => alone.post(`/account/providers/${name}/end`, { csrf }));
    // Both have counted what is left, or one waits to count.
    await waitingBackends(app.db, 2);
    await release();
    expect((await Promise.all(ends)).map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });
});
