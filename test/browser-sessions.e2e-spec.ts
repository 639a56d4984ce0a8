import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { Browse, formsOf } from './support/browse.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { placeOf, RelyingParty, signInTo, startIssuer } from './support/relying-party.js';

let app: TestApp;
let admin: TestCaller;

beforeAll(async () => {
  app = await startIssuer();
  admin = await asAdmin(app);
});
afterAll(() => app.stop());

const SESSION = '__Host-session';
const cookieOf = (browser: Browse): string => browser.cookies().get(SESSION)?.value ?? '';
const isSignedIn = async (browser: Browse): Promise<boolean> => placeOf(await browser.get('/account')) === '/account';

/** A person, their browser, and its session as the API knows it. */
async function someone() {
  const user = await asUser(app);
  const browser = await signInTo(app, user);
  const { body } = await user.call('GET', '/api/v1/auth/sessions');
  const { id } = (body.items as { id: string; current: boolean }[]).find(({ current }) => !current) ?? { id: '' };
  return { user, browser, id };
}

describe('the cookie of a session', () => {
  it('is for this host alone, and neither for scripts nor for open lines nor for other sites', async () => {
    const user = await asUser(app);
    const browser = new Browse(app.url);
    await browser.get('/login');
    const [form] = formsOf(browser.page.html);
    const fields = { ...Object.fromEntries(form?.fields ?? []), email: user.email, password: user.password };
    const { headers } = await app.call('POST', form?.action ?? '', {
      raw: new URLSearchParams(fields).toString(),
      type: 'application/x-www-form-urlencoded',
      headers: { cookie: `__Host-form=${browser.cookies().get('__Host-form')?.value}` },
    });
    const set = headers.getSetCookie().find((each) => each.startsWith(`${SESSION}=`)) ?? '';
    expect(set.split('; ').slice(1).toSorted()).toEqual([
      'HttpOnly',
      expect.stringMatching(/^Max-Age=\d+$/),
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ]);
  });

  it('is known to the database by its hash alone', async () => {
    const { browser } = await someone();
    const value = cookieOf(browser);
    expect(value.length).toBeGreaterThanOrEqual(43);
    const hash = createHash('sha256').update(value).digest();
    expect(await app.db.query('SELECT kind FROM oauth_artifacts WHERE hash = $1', [hash])).toEqual([
      { kind: 'Session' },
    ]);
    const tables = await app.db.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    for (const { name } of tables) {
      const found = await app.db.query(`SELECT 1 FROM "${name}" t WHERE to_jsonb(t)::text LIKE '%' || $1 || '%'`, [
        value,
      ]);
      expect([name, found]).toEqual([name, []]);
    }
  });

  it('is another one after every sign-in, whatever was there before (ASVS 7.2.4)', async () => {
    const user = await asUser(app);
    const browser = new Browse(app.url);
    browser.plant(SESSION, 'a-value-that-an-attacker-knows');
    await browser.get('/login');
    await browser.submit({ email: user.email, password: user.password });
    const first = cookieOf(browser);
    expect(first).not.toBe('a-value-that-an-attacker-knows');
    const party = await RelyingParty.of(app, admin);
    await browser.get((await party.begin({ prompt: 'login' })).url);
    await browser.submit({ password: user.password });
    const second = cookieOf(browser);
    expect(second).not.toBe(first);
    const old = new Browse(app.url);
    old.plant(SESSION, first);
    expect([await isSignedIn(old), await isSignedIn(browser)]).toEqual([false, true]);
  });

  it('counts for nothing where the API is', async () => {
    const { browser } = await someone();
    const headers = { cookie: `${SESSION}=${cookieOf(browser)}` };
    const answers = await Promise.all([
      app.call('GET', '/api/v1/users/me', { headers }),
      app.call('GET', '/api/v1/users/me', { token: cookieOf(browser) }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  });

  it('is nobody’s when two come', async () => {
    const { browser } = await someone();
    const headers = { cookie: `${SESSION}=${cookieOf(browser)}; ${SESSION}=${cookieOf(browser)}` };
    expect((await app.call('GET', '/account', { headers })).headers.get('location')).toBe('/login');
  });
});

describe('a session of a browser', () => {
  it('is among the sessions of the person, with what the browser says of itself', async () => {
    const { user, id } = await someone();
    const { body } = await user.call('GET', '/api/v1/auth/sessions');
    expect((body.items as { id: string }[]).map((item) => item.id).toSorted()).toEqual([user.sessionId, id].toSorted());
  });

  it('ends everywhere by signing out', async () => {
    const { user, browser, id } = await someone();
    const copy = new Browse(app.url);
    copy.plant(SESSION, cookieOf(browser));
    await browser.get('/account');
    const left = await browser.submit();
    expect([placeOf(left), browser.cookies().has(SESSION)]).toEqual(['/login', false]);
    expect(await isSignedIn(copy)).toBe(false);
    const { body } = await user.call('GET', '/api/v1/auth/sessions');
    expect((body.items as { id: string }[]).map((item) => item.id)).not.toContain(id);
  });

  const endings: Record<string, (who: { user: TestCaller; id: string }) => Promise<unknown>> = {
    'DELETE /api/v1/auth/sessions/:id': ({ user, id }) => user.call('DELETE', `/api/v1/auth/sessions/${id}`),
    'DELETE /api/v1/auth/sessions': ({ user }) => user.call('DELETE', '/api/v1/auth/sessions'),
    'POST /api/v1/users/me/password': ({ user }) =>
      user.call('POST', '/api/v1/users/me/password', {
        json: { currentPassword: user.password, newPassword: 'quite another long password' },
      }),
    'PATCH /api/v1/users/:id': ({ user }) =>
      admin.call('PATCH', `/api/v1/users/${user.id}`, { json: { status: 'disabled' } }),
    'DELETE /api/v1/users/:id/sessions': ({ user }) => admin.call('DELETE', `/api/v1/users/${user.id}/sessions`),
  };

  it.each(Object.entries(endings))('is over on the pages after %s', async (_, end) => {
    const { user, browser, id } = await someone();
    const party = await RelyingParty.of(app, admin);
    const { url } = await browser.get((await party.begin()).url);
    expect(placeOf(browser.page)).toBe('/consent/:uid');
    expect(await isSignedIn(browser)).toBe(true);
    await browser.get(url);
    await end({ user, id });
    expect((await browser.submit({ decision: 'allow' })).html).toContain('interaction_expired');
    expect(await isSignedIn(browser)).toBe(false);
    expect(placeOf(await browser.get((await party.begin()).url))).toBe('/login/:uid');
  });

  it('ends when anybody signs in anew in the same browser', async () => {
    const [one, other] = [await asUser(app), await asUser(app)];
    const sessionsOf = async ({ call }: TestCaller) =>
      ((await call('GET', '/api/v1/auth/sessions')).body.items as { id: string }[]).map(({ id }) => id);
    const browser = await signInTo(app, one);
    // The first page is shown to who is signed in as well, where that is all they can show anew.
    const signIn = ({ email, password }: TestCaller) => {
      const csrf = formsOf(browser.page.html)[0]?.fields.find(([name]) => name === 'csrf')?.[1] ?? '';
      return browser.post('/login/account', { csrf, email, password });
    };
    const before = await sessionsOf(one);
    expect(placeOf(await signIn(one))).toBe('/account');
    const after = await sessionsOf(one);
    expect([before.length, after.length, after.filter((id) => before.includes(id))]).toEqual([2, 2, [one.sessionId]]);
    expect(placeOf(await signIn(other))).toBe('/account');
    expect([await sessionsOf(one), (await sessionsOf(other)).length]).toEqual([[one.sessionId], 2]);
  });

  it('does nothing more in a tab that was open when it ended', async () => {
    const { user, browser, id } = await someone();
    await browser.get('/account');
    await user.call('DELETE', `/api/v1/auth/sessions/${id}`);
    const which = formsOf(browser.page.html).findIndex(({ action }) => action === '/account/sessions/end');
    expect(placeOf(await browser.submit({}, which))).toBe('/login');
    expect((await user.call('GET', '/api/v1/users/me')).status).toBe(200);
  });
});
