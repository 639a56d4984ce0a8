import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TestApp } from './support/app.js';
import { Authenticator, type CreationOptions, type RequestOptions } from './support/authenticator.js';
import { attributeOf, Browse, formsOf, type Visited } from './support/browse.js';
import { asAdmin, asUser, type TestCaller, withKey } from './support/callers.js';
import { WITH_PROVIDER } from './support/page-forms.js';
import { withPasskey } from './support/passkeys.js';
import { connect, placeOf, RelyingParty, signInTo, startIssuer } from './support/relying-party.js';

let app: TestApp;
let party: RelyingParty;

beforeAll(async () => {
  app = await startIssuer(WITH_PROVIDER, 'localhost');
  party = await RelyingParty.of(app, await asAdmin(app));
});
afterAll(() => app.stop());
afterEach(() => vi.useRealTimers());

/** Sends the form that leads there. */
function press(browser: Browse, action: RegExp, fields: Record<string, string> = {}): Promise<Visited> {
  const names = Object.keys(fields);
  const which = formsOf(browser.page.html).findIndex(
    (form) => action.test(form.action) && names.every((name) => form.fields.some(([each]) => each === name)),
  );
  if (which < 0) throw new Error(`no form leads to ${String(action)}`);
  return browser.submit(fields, which);
}
const csrfOf = ({ page }: Browse): string => /name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? '';
/** What a section says, without its markup. */
function sectionOf({ html }: Visited, id: string): string {
  const section = new RegExp(`<section[^>]*id="${id}"[\\s\\S]*?</section>`).exec(html)?.[0] ?? '';
  return section
    .replaceAll(/<(svg|form)[\s\S]*?<\/\1>|<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
const itemsOf = async (user: TestCaller, path: string) =>
  (await user.call('GET', `/api/v1/${path}`)).body.items as { id: string }[];

/** Somebody with one of everything, who looks at it. */
async function someone() {
  const user = await asUser(app);
  await user.call('PATCH', '/api/v1/users/me', { json: { displayName: 'Ada Lovelace' } });
  const key = await withKey(app, user, { name: 'Backup script', scopes: ['data:read'] });
  const { tokens } = await connect(app, party, user);
  const browser = await signInTo(app, user);
  return { user, key, tokens, browser };
}

describe('GET /account', () => {
  it('shows everything that can act for the person', async () => {
    const { user, browser } = await someone();
    const { page } = browser;
    expect(sectionOf(page, 'profile')).toContain(`Name Ada Lovelace Username Not set Email ${user.email}`);
    expect(sectionOf(page, 'passkeys')).toContain('You have no passkeys yet.');
    expect(sectionOf(page, 'sign-in')).toMatch(/Authenticator app Not set up\. Off/);
    expect(sectionOf(page, 'sessions').match(/This browser/g)).toHaveLength(1);
    expect(sectionOf(page, 'apps')).toMatch(/Photo printer.*Know who you are , Read your records/);
    expect(sectionOf(page, 'keys')).toMatch(/Backup script rmp_test_\w{12}… data:read/);
  });

  it('shows nothing of anybody else', async () => {
    const [{ user: other }, { browser }] = [await someone(), await someone()];
    expect(browser.page.html).not.toContain(other.email);
    expect(browser.page.html.match(/Backup script rmp|Backup script<\/bdi> <code>/g)).toHaveLength(1);
  });

  it('is shown to who may only read, without what they may not see or change', async () => {
    const { user, browser } = await someone();
    await withPasskey(user, 'Laptop', new Authenticator(app.url));
    const LINK =
      'INSERT INTO outside_accounts (id, user_id, provider, issuer, subject) VALUES (gen_random_uuid(), $1, $2, $3, $2)';
    await app.db.query(LINK, [user.id, 'gone', 'https://gone.example']);
    const kinds = async () => {
      const { html } = await browser.get('/account');
      return [...new Set(formsOf(html).map(({ action }) => action.replace(/[0-9a-f-]{36}/, ':id')))].toSorted();
    };
    const always = ['grants/:id/end', 'sessions/:id/end', 'sessions/end', 'sign-out'];
    const changes = ['keys/:id/end', 'passkeys', 'passkeys/:id/end', 'providers/github/link', 'providers/gone/end'];
    const paths = (names: string[]) => names.map((name) => `/account/${name}`).toSorted();
    expect(await kinds()).toEqual(paths([...always, ...changes]));
    await app.db.query(`UPDATE users SET roles = '{reader}' WHERE id = $1`, [user.id]);
    expect(await kinds()).toEqual(paths(always));
    expect(sectionOf(browser.page, 'passkeys')).toContain('Laptop');
    expect(sectionOf(browser.page, 'sign-in')).toMatch(/GitHub Not linked\. gone Linked, but not offered any more\./);
    expect(sectionOf(browser.page, 'keys')).toContain('You have no API keys.');
    // Nor by a form that they keep from before.
    const csrf = csrfOf(browser);
    for (const change of ['passkeys/01999999-9999-7999-8999-999999999999/end', 'providers/github/link']) {
      const { status, html } = await browser.post(`/account/${change}`, { csrf });
      expect([status, /<code>(\w+)<\/code>/.exec(html)?.[1]]).toEqual([403, 'scope_not_held']);
      expect(html).toContain('Your account may look at this, and not change it.');
    }
  });

  it('leads whoever is not signed in to the sign-in, and back', async () => {
    const { user, browser } = await someone();
    await press(browser, /sign-out$/);
    expect(placeOf(browser.page)).toBe('/login');
    expect(placeOf(await browser.submit({ email: user.email, password: user.password }))).toBe('/account');
    expect(placeOf(await browser.get('/login'))).toBe('/account');
  });
});

describe('POST /account/*/:id/end', () => {
  it('ends a session', async () => {
    const { user, browser } = await someone();
    const before = await itemsOf(user, 'auth/sessions');
    expect(placeOf(await press(browser, new RegExp(`sessions/${user.sessionId}/end`)))).toBe('/account');
    expect(before).toHaveLength(3);
    expect((await user.call('GET', '/api/v1/users/me')).status).toBe(401);
  });

  it('disconnects an application, whose tokens are over at once', async () => {
    const { user, tokens, browser } = await someone();
    const page = await press(browser, /grants\/.*\/end/);
    expect(sectionOf(page, 'apps')).toContain('No app has access to your account.');
    expect(await itemsOf(user, 'users/me/grants')).toEqual([]);
    expect((await app.call('GET', '/api/v1/data', { token: tokens.access_token })).status).toBe(401);
    await expect(party.refresh(tokens)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('revokes a key', async () => {
    const { key, browser } = await someone();
    const page = await press(browser, /keys\/.*\/end/);
    expect(sectionOf(page, 'keys')).toContain('You have no API keys.');
    expect((await key.call('GET', '/api/v1/data')).status).toBe(401);
  });

  it('does nothing with what is another’s, or nobody’s', async () => {
    const [{ user: other, key }, { browser }] = [await someone(), await someone()];
    const [grant] = await itemsOf(other, 'users/me/grants');
    const { id: passkey } = await withPasskey(other, 'Laptop', new Authenticator(app.url));
    const paths = [
      `sessions/${other.sessionId}`,
      `grants/${grant?.id}`,
      `keys/${key.id}`,
      `passkeys/${passkey}`,
      'keys/01999999-9999-7999-8999-999999999999',
    ];
    for (const path of paths) {
      const page = await browser.post(`/account/${path}/end`, { csrf: csrfOf(browser) });
      expect([path, page.status, placeOf(page)]).toEqual([path, 200, '/account']);
    }
    expect([
      (await other.call('GET', '/api/v1/users/me')).status,
      (await key.call('GET', '/api/v1/data')).status,
      (await itemsOf(other, 'users/me/grants')).length,
      (await itemsOf(other, 'users/me/passkeys')).length,
    ]).toEqual([200, 200, 1, 1]);
  });
});

describe('POST /account/sessions/end', () => {
  it('ends every session, this one too', async () => {
    const { user, browser } = await someone();
    const other = await signInTo(app, user);
    expect(placeOf(await press(browser, /sessions\/end$/))).toBe('/login');
    expect(placeOf(await other.get('/account'))).toBe('/login');
    expect((await user.call('GET', '/api/v1/users/me')).status).toBe(401);
  });
});

describe('POST /account/passkeys', () => {
  /** What the script of the page does. */
  async function add(browser: Browse, device: Authenticator, name = 'My phone'): Promise<Visited> {
    const csrf = csrfOf(browser);
    const { html } = await browser.post('/account/passkeys/options', { csrf, name, response: '' });
    const response = JSON.stringify(device.create(JSON.parse(html) as CreationOptions));
    return browser.post('/account/passkeys', { csrf, name, response });
  }

  /** A browser that has given the password of somebody with a passkey. */
  async function signInWith({ email, password }: TestCaller): Promise<Browse> {
    const browser = new Browse(app.url);
    await browser.get('/login');
    await browser.submit({ email, password });
    return browser;
  }

  it('keeps a passkey, and shows the recovery codes this one time', async () => {
    const { user, browser } = await someone();
    const page = await add(browser, new Authenticator(app.url));
    const codes = [...page.html.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, code = '']) => code);
    expect([page.status, new Set(codes).size]).toEqual([200, 10]);
    expect(sectionOf(await browser.get('/account'), 'passkeys')).toMatch(/My phone Added/);
    expect(browser.page.html).not.toContain(codes[0]);
    expect(await itemsOf(user, 'users/me/passkeys')).toHaveLength(1);
    expect(placeOf(await press(await signInWith(user), /mfa$/, { recoveryCode: codes[0] ?? '' }))).toBe('/account');
  });

  it('tells its script that the session is over, which then sends the form, and that leads to the sign-in', async () => {
    const { user, browser } = await someone();
    const form = { csrf: csrfOf(browser), name: 'x', response: '' };
    await user.call('DELETE', '/api/v1/auth/sessions');
    expect((await browser.post('/account/passkeys/options', form)).status).toBe(401);
    expect(placeOf(await browser.post('/account/passkeys', form))).toBe('/login');
  });

  it('asks first who is there, where that was long ago, and goes back', async () => {
    const { user, browser } = await someone();
    // The clock of this process, which is that of the application: later than a change may come after a login.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 600_000 });
    const options = await browser.post('/account/passkeys/options', { csrf: csrfOf(browser), name: 'x', response: '' });
    expect(options.status).toBe(401);
    await browser.get('/account');
    const asked = await press(browser, /passkeys$/, { name: 'x', response: '' });
    expect([placeOf(asked), asked.html.includes('Confirm it’s you')]).toEqual(['/login/account/confirm', true]);
    expect(placeOf(await browser.submit({ password: user.password }))).toBe('/account');
    expect((await add(browser, new Authenticator(app.url))).html).toContain('Keep these codes');
  });

  async function withoutPassword({ id }: TestCaller): Promise<() => Promise<unknown>> {
    const [{ hash } = {}] = await app.db.query<{ hash: string }>('SELECT hash FROM passwords WHERE user_id = $1', [id]);
    await app.db.query('DELETE FROM passwords WHERE user_id = $1', [id]);
    return () => app.db.query('INSERT INTO passwords (user_id, hash) VALUES ($1, $2)', [id, hash]);
  }

  it('lets one go after it has been shown, and not the only way in', async () => {
    const { user, browser } = await someone();
    const { device } = await withPasskey(user, 'Laptop', new Authenticator(app.url));
    await browser.get('/account');
    expect(placeOf(await press(browser, /passkeys\/.*\/end/))).toBe('/login/account/confirm');
    const options = JSON.parse(attributeOf(browser.page.html, 'data-options') ?? '') as RequestOptions;
    expect(placeOf(await press(browser, /confirm$/, { response: JSON.stringify(device.get(options)) }))).toBe(
      '/account',
    );
    // As of who has come by another provider only, and has unlinked that.
    const restore = await withoutPassword(user);
    const refused = await press(browser, /passkeys\/.*\/end/);
    expect([refused.status, refused.html.includes('It is your only way in.')]).toEqual([409, true]);
    expect(await itemsOf(user, 'users/me/passkeys')).toHaveLength(1);
    await restore();
    await browser.get('/account');
    const page = await press(browser, /passkeys\/.*\/end/);
    expect(sectionOf(page, 'passkeys')).toContain('You have no passkeys yet.');
    expect(await itemsOf(user, 'users/me/passkeys')).toEqual([]);
  });
});
