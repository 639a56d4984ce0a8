import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { Browse } from './support/browse.js';
import { asUser } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { hold, waitingBackends } from './support/locks.js';
import {
  begin,
  CALLBACK,
  CREDENTIALS,
  type OpenIdServer,
  peopleWith,
  signInBy,
  signInThere,
  START,
  startOpenId,
} from './support/outside.js';
import { codeOf, withTotp } from './support/totp.js';

/** So that a test may hold a lock for longer than a request would wait. */
const PATIENT = { DATABASE_LOCK_MS: '20000', DATABASE_STATEMENT_MS: '20000', DATABASE_REQUEST_MS: '20000' };

let app: TestApp;
let idp: OpenIdServer;
let quiet: OpenIdServer;
let browser: Browse;

beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  idp = await startOpenId(`${url}${CALLBACK('sso')}`);
  quiet = await startOpenId(`${url}${CALLBACK('quiet')}`, { isTalkative: false });
  const OIDC_PROVIDERS = JSON.stringify([
    { name: 'sso', label: 'Example SSO', issuer: idp.url, ...CREDENTIALS },
    { name: 'quiet', label: 'Quiet', issuer: quiet.url, ...CREDENTIALS },
  ]);
  app = await startApp({ PORT: String(port), PUBLIC_URL: url, OIDC_PROVIDERS, ...PATIENT });
});
afterAll(async () => {
  await app.stop();
  await idp.stop();
  await quiet.stop();
});
beforeEach(() => {
  browser = new Browse(app.url);
});

let people = 0;
const somebody = (changes: object = {}) => {
  people += 1;
  const { email } = aPerson();
  return { sub: `person-${people}`, email, email_verified: true, name: 'Some Body', ...changes };
};

describe('GET /api/v1/auth/providers', () => {
  it('names those there are, and nothing else of them', async () => {
    const { status, body } = await app.call('GET', '/api/v1/auth/providers');
    expect(status).toBe(200);
    const items = [
      { name: 'sso', label: 'Example SSO' },
      { name: 'quiet', label: 'Quiet' },
    ];
    expect(body).toEqual({ items, nextCursor: null });
  });
});

describe('GET /api/v1/auth/providers/:name/start', () => {
  it('is what the button on the page leads to, and asks for a code that only we can use', async () => {
    const { html } = await browser.get('/login');
    expect(html).toContain(`href="${START('sso')}"`);
    const asked = await begin(browser, 'sso');
    expect(asked.href.startsWith(`${idp.url}/auth?`)).toBe(true);
    const { state, nonce, code_challenge, ...rest } = Object.fromEntries(asked.searchParams);
    expect(rest).toEqual({
      client_id: 'rampart',
      redirect_uri: `${app.url}${CALLBACK('sso')}`,
      response_type: 'code',
      scope: 'openid email profile',
      code_challenge_method: 'S256',
    });
    expect([state, nonce, code_challenge].map((each) => each?.length)).toEqual([43, 43, 43]);
    expect(new Set([state, nonce, code_challenge]).size).toBe(3);
  });

  it('is different each time', async () => {
    const [one, other] = [await begin(browser, 'sso'), await begin(browser, 'sso')];
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(one.searchParams.get(name)).not.toBe(other.searchParams.get(name));
    }
  });

  it('is no page where there is no such provider, nor for what is no id of a request', async () => {
    expect((await browser.get(START('other'))).status).toBe(404);
    expect((await browser.get(`${START('sso')}?interaction=../../x`)).status).toBe(400);
    expect((await browser.get(`${START('sso')}?other=1`)).status).toBe(400);
  });
});

describe('whoever comes for the first time', () => {
  it('gets an account without a password, with the address that the provider has verified', async () => {
    idp.person = somebody();
    const page = await signInBy(browser, idp, 'sso');
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/account']);
    expect(page.html).toContain(idp.person.email);
    const [row, ...others] = await peopleWith(app, idp.person.email ?? '');
    expect([row, others]).toEqual([
      { id: expect.any(String), verified: true, subject: idp.person.sub, hasPassword: false },
      [],
    ]);
    const audited = await app.db.query<{ action: string }>(
      `SELECT action FROM audit_events WHERE details ->> 'userId' = $1::text OR target_id = $1::uuid ORDER BY at, id`,
      [row?.id],
    );
    expect(audited.map(({ action }) => action)).toEqual([
      'user.registered',
      'outside_account.linked',
      'session.started',
    ]);
    expect([...browser.cookies().keys()]).not.toContain('__Host-outside');
  });

  it('comes into the same account again, whatever their address is by then', async () => {
    idp.person = somebody();
    await signInBy(browser, idp, 'sso');
    const [before] = await peopleWith(app, idp.person.email ?? '');
    idp.person = { ...idp.person, email: aPerson().email };
    const page = await signInBy(new Browse(app.url), idp, 'sso');
    expect(page.html).toContain('Sign-in methods');
    expect(await peopleWith(app, idp.person.email ?? '')).toEqual([]);
    const sessions = await app.db.query('SELECT 1 FROM sessions WHERE user_id = $1', [before?.id]);
    expect(sessions).toHaveLength(2);
    const [used] = await app.db.query('SELECT last_used_at AS "at" FROM outside_accounts WHERE user_id = $1', [
      before?.id,
    ]);
    expect(used).toEqual({ at: expect.any(Date) });
  });

  it('is asked for where the access token leads to, when the ID token says no address', async () => {
    quiet.person = somebody();
    expect((await signInBy(browser, quiet, 'quiet')).html).toContain(quiet.person.email);
    expect(await peopleWith(app, quiet.person.email ?? '')).toMatchObject([{ verified: true }]);
  });

  it('is asked to confirm an address that the provider has not verified', async () => {
    for (const email_verified of [false, undefined, 'true', 1]) {
      idp.person = somebody({ email_verified });
      const email = idp.person.email ?? '';
      expect((await signInBy(new Browse(app.url), idp, 'sso')).status).toBe(200);
      expect(await peopleWith(app, email)).toMatchObject([{ verified: false }]);
      const mails = await app.db.query('SELECT kind FROM outgoing_mails WHERE payload ->> $1 = $2', ['email', email]);
      expect(mails).toEqual([{ kind: 'verify_email' }]);
    }
  });

  it('needs an address', async () => {
    idp.person = somebody({ email: undefined });
    const page = await signInBy(browser, idp, 'sso');
    expect(page.status).toBe(400);
    expect(page.html).toContain('outside_email_missing');
    idp.person = somebody({ email: 'no address' });
    expect((await signInBy(new Browse(app.url), idp, 'sso')).html).toContain('outside_email_missing');
  });

  it('is one person, when two browsers of theirs arrive at once', async () => {
    idp.person = somebody();
    const browsers = Array.from({ length: 4 }, () => new Browse(app.url));
    const backs: string[] = [];
    for (const each of browsers) backs.push(await signInThere(idp, await begin(each, 'sso')));
    const pages = await Promise.all(browsers.map((each, i) => each.get(backs[i] ?? '')));
    expect(pages.map(({ status, url }) => [status, new URL(url).pathname])).toEqual(pages.map(() => [200, '/account']));
    expect(await peopleWith(app, idp.person.email ?? '')).toHaveLength(1);
  });
});

describe('whoever has come in by another browser since somebody looked', () => {
  it('is found when the account with their address is in the way', async () => {
    idp.person = somebody();
    const { sub, email } = idp.person;
    const back = await signInThere(idp, await begin(browser, 'sso'));
    // Between the question who has this account there, and the one who has its address.
    const release = await hold(
      app.db,
      `LOCK TABLE users IN ACCESS EXCLUSIVE MODE;
       INSERT INTO users (id, email, email_key, email_verified_at, roles, status)
         VALUES ('01890000-0000-7000-8000-000000000001', '${email}', '${email}', now(), '{user}', 'active');
       INSERT INTO outside_accounts (id, user_id, provider, issuer, subject)
         VALUES (gen_random_uuid(), '01890000-0000-7000-8000-000000000001', 'sso', '${idp.url}', '${sub}')`,
    );
    const page = browser.get(back);
    await waitingBackends(app.db);
    await release('COMMIT');
    expect([(await page).status, new URL((await page).url).pathname]).toEqual([200, '/account']);
  });
});

describe('whoever comes in again in the same browser', () => {
  it('has one session in it: the one before is over', async () => {
    const me = await asUser(app);
    idp.person = somebody({ sub: 'again-and-again' });
    await app.db.query('INSERT INTO outside_accounts VALUES (gen_random_uuid(), $1, $2, $3, $4)', [
      me.id,
      'sso',
      idp.url,
      'again-and-again',
    ]);
    for (let times = 0; times < 3; times += 1) expect((await signInBy(browser, idp, 'sso')).html).toContain(me.email);
    const { body } = await me.call('GET', '/api/v1/auth/sessions');
    expect((body.items as { current: boolean }[]).map(({ current }) => current).toSorted()).toEqual([false, true]);
    await signInBy(new Browse(app.url), idp, 'sso');
    expect((await me.call('GET', '/api/v1/auth/sessions')).body.items).toHaveLength(3);
  });
});

describe('whoever has a second factor here', () => {
  it('is asked for it, whatever the provider has asked', async () => {
    const member = await withTotp(app, await asUser(app));
    await app.db.query('INSERT INTO outside_accounts VALUES (gen_random_uuid(), $1, $2, $3, $4)', [
      member.id,
      'sso',
      idp.url,
      'with-factor',
    ]);
    idp.person = somebody({ sub: 'with-factor' });
    const asked = await signInBy(browser, idp, 'sso');
    expect(asked.html).toContain('name="code"');
    expect((await browser.get('/account')).url).toContain('/login');
    await signInBy(browser, idp, 'sso');
    const page = await browser.submit({ code: await codeOf(member.secret) });
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/account']);
    const acrs = await app.db.query('SELECT acr FROM sessions WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1', [
      member.id,
    ]);
    expect(acrs).toEqual([{ acr: 'aal2' }]);
  });
});
