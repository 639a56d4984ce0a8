import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { Authenticator, type RequestOptions } from './support/authenticator.js';
import { attributeOf, Browse, formsOf, type Visited } from './support/browse.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { aPasskey, withPasskey } from './support/passkeys.js';
import { placeOf, RelyingParty, signInTo, startIssuer } from './support/relying-party.js';
import { codeOf, letCodesPass, steppedUp, withTotp } from './support/totp.js';

const PASSKEY_REFUSED = 'That passkey was not accepted. Try again, or use another way.';

let app: TestApp;
let admin: TestCaller;
let party: RelyingParty;

beforeAll(async () => {
  // Passkeys need a name, and this is the one that a machine has for itself.
  app = await startIssuer({}, 'localhost');
  admin = await asAdmin(app);
  party = await RelyingParty.of(app, admin);
});
afterAll(() => app.stop());

const alertOf = ({ html }: Visited): string =>
  /role="alert">[\s\S]*?<p>([\s\S]*?)<\/p>/.exec(html)?.[1]?.replaceAll(/\s+/g, ' ').trim() ?? '';

/** A browser at the first page of a sign-in for the application. */
async function atLogin(): Promise<Browse> {
  const browser = new Browse(app.url);
  await browser.get((await party.begin()).url);
  return browser;
}
const enter = (browser: Browse, { email, password }: Pick<TestCaller, 'email' | 'password'>) =>
  browser.submit({ email, password });
const TOO_LATE = 'That took too long. Sign in again.';
const letChallengesPass = ({ id }: Pick<TestCaller, 'id'>) =>
  app.db.query(`UPDATE challenges SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [id]);
/** Which fields the error is about, where the cursor is, and whether the way by a recovery code is shown. */
function wrongOf({ html }: Visited) {
  const namesOf = (mark: RegExp) =>
    [...html.matchAll(/<input\b[^>]*>/g)].flatMap(([tag]) => (mark.test(tag) ? [attributeOf(tag, 'name')] : []));
  const isOpen = /<details\b[^>]*\sopen\b/.test(html);
  return { wrong: namesOf(/aria-invalid="true"/), focused: namesOf(/\sautofocus\b/), isOpen };
}
/** Answers the form for a passkey as its script would. */
function byPasskey(browser: Browse, device: Authenticator): Promise<Visited> {
  const { html } = browser.page;
  const options = JSON.parse(attributeOf(html, 'data-options') ?? '') as RequestOptions;
  const which = formsOf(html).findIndex(({ fields }) => fields.some(([name]) => name === 'response'));
  return browser.submit({ response: JSON.stringify(device.get(options)) }, which);
}

describe('POST /login/:interaction', () => {
  it('says no more than that it does not match, and keeps the address', async () => {
    const [user, browser] = [await asUser(app), await atLogin()];
    const answers = [];
    for (const email of [user.email, 'nobody@example.com', 'no address', '']) {
      const page = await enter(browser, { email, password: 'not the password' });
      answers.push([
        page.status,
        alertOf(page),
        attributeOf(/<input[^>]*id="email"[^>]*>/.exec(page.html)?.[0] ?? '', 'value'),
      ]);
    }
    const sentence = 'That email and password do not match.';
    expect(answers).toEqual([
      [422, sentence, user.email],
      [422, sentence, 'nobody@example.com'],
      [422, sentence, 'no address'],
      [422, sentence, ''],
    ]);
    expect(placeOf(await enter(browser, user))).toBe('/consent/:uid');
  });

  it('never shows a password again', async () => {
    const page = await enter(await atLogin(), { email: 'a@example.com', password: 'a wrong one to look for' });
    expect(page.html).not.toContain('a wrong one to look for');
  });

  it('lets nobody in who is disabled, and does not say why', async () => {
    const user = await asUser(app);
    await admin.call('PATCH', `/api/v1/users/${user.id}`, { json: { status: 'disabled' } });
    const page = await enter(await atLogin(), user);
    expect([page.status, alertOf(page)]).toEqual([422, 'That email and password do not match.']);
  });

  it('makes who guesses wait, the right password too, and tells them so on a page', async () => {
    const [user, browser] = [await asUser(app), await atLogin()];
    let page = await enter(browser, { email: user.email, password: 'guess 0' });
    for (let guesses = 1; page.status === 422 && guesses < 20; guesses += 1) {
      page = await enter(browser, { email: user.email, password: `guess ${guesses}` });
    }
    expect([page.status, Number(page.headers['retry-after']) > 0]).toEqual([429, true]);
    expect(page.html).toContain('Too many tries');
    await browser.get((await party.begin()).url);
    expect((await enter(browser, user)).status).toBe(429);
  });
});

describe('POST /login/:interaction/mfa', () => {
  const someone = async () => withTotp(app, await asUser(app));

  it('asks for the code after the password, and says when it is wrong', async () => {
    const [user, browser] = [await someone(), await atLogin()];
    const page = await enter(browser, user);
    expect([page.status, page.html.includes('Code from your authenticator app')]).toEqual([200, true]);
    const wrong = await browser.submit({ code: '000000' });
    expect([wrong.status, alertOf(wrong)]).toEqual([422, 'That code is wrong, or was used before.']);
    const code = await codeOf(user.secret);
    // As the application shows it.
    expect(placeOf(await browser.submit({ code: `${code.slice(0, 3)} ${code.slice(3)}` }))).toBe('/consent/:uid');
  });

  it('says in the tokens that two factors were shown', async () => {
    const user = await someone();
    const begun = await party.begin();
    const browser = new Browse(app.url);
    await browser.get(begun.url);
    await enter(browser, user);
    await browser.submit({ code: await codeOf(user.secret) });
    const { location } = await browser.submit({ decision: 'allow' });
    expect((await party.finish(begun, location)).claims()).toMatchObject({ acr: 'aal2', amr: ['mfa'] });
  });

  it('takes a recovery code once', async () => {
    const user = await someone();
    const [recoveryCode = ''] = user.recoveryCodes;
    const places = [];
    for (let times = 0; times < 2; times += 1) {
      const browser = await atLogin();
      await enter(browser, user);
      const page = await browser.submit({ recoveryCode }, 1);
      places.push([placeOf(page), alertOf(page)]);
    }
    expect(places).toEqual([
      ['/consent/:uid', ''],
      ['/login/:uid/mfa', 'That code is wrong, or was used before.'],
    ]);
  });

  it('says what is wrong at the form that was sent, and shows that', async () => {
    const [user, browser] = [await someone(), await atLogin()];
    await enter(browser, user);
    expect(wrongOf(browser.page)).toEqual({ wrong: [], focused: ['code'], isOpen: false });
    for (const recoveryCode of [user.recoveryCodes[0]?.replace(/^./, '?') ?? '', 'x']) {
      const page = await browser.submit({ recoveryCode }, 1);
      expect([page.status, alertOf(page)]).toEqual([422, 'That code is wrong, or was used before.']);
      expect(wrongOf(page)).toEqual({ wrong: ['recoveryCode'], focused: ['recoveryCode'], isOpen: true });
    }
    const page = await browser.submit({ code: '000000' });
    expect([page.status, alertOf(page)]).toEqual([422, 'That code is wrong, or was used before.']);
    expect(wrongOf(page)).toEqual({ wrong: ['code'], focused: ['code'], isOpen: false });
  });

  it('begins again where the first step was too long ago, with whatever code', async () => {
    const user = await someone();
    for (const code of [await codeOf(user.secret), '000000', 'no code', '']) {
      const browser = await atLogin();
      await enter(browser, user);
      await letChallengesPass(user);
      const page = await browser.submit({ code });
      expect([code, page.status, alertOf(page)]).toEqual([code, 422, TOO_LATE]);
      // What comes back is the first page.
      expect((await enter(browser, user)).html).toContain('Code from your authenticator app');
    }
  });

  it('says of a passkey that it was none of theirs, and nothing of a code', async () => {
    const [user, browser] = [await someone(), await atLogin()];
    const { device } = await aPasskey(app.db, (await asUser(app)).id);
    await aPasskey(app.db, user.id);
    await enter(browser, user);
    const page = await byPasskey(browser, device);
    expect([page.status, alertOf(page), wrongOf(page).wrong]).toEqual([422, PASSKEY_REFUSED, []]);
  });

  it('takes a passkey as the second step', async () => {
    const user = await asUser(app);
    const { device } = await withPasskey(user, 'Laptop', new Authenticator(app.url));
    const browser = await atLogin();
    expect((await enter(browser, user)).html).toContain('Use a passkey');
    expect(placeOf(await byPasskey(browser, device))).toBe('/consent/:uid');
  });
});

describe('POST /login/:interaction/passkey', () => {
  it('signs in by a passkey alone', async () => {
    const { device } = await withPasskey(await asUser(app), 'Laptop', new Authenticator(app.url));
    expect(placeOf(await byPasskey(await atLogin(), device))).toBe('/consent/:uid');
  });

  it('says when a passkey is none of ours', async () => {
    const stranger = new Authenticator(app.url);
    stranger.create({ challenge: 'x', rp: { id: 'localhost' }, user: { id: admin.id } });
    const page = await byPasskey(await atLogin(), stranger);
    expect([page.status, alertOf(page)]).toEqual([422, PASSKEY_REFUSED]);
  });

  it('is hidden until a script shows that it can be used', async () => {
    const { html } = (await atLogin()).page;
    expect(/<form[^>]*data-passkey="get"[^>]*\shidden\s*>/.test(html)).toBe(true);
  });
});

describe('POST /login/:interaction/password', () => {
  /** Somebody whose password was long enough beside the second factor that they had. */
  async function withShortPassword(): Promise<{ me: TestCaller; short: string }> {
    const me = await withTotp(app, await asUser(app));
    const short = randomBytes(6).toString('base64url');
    const { token } = await steppedUp(app, me);
    const change = { currentPassword: me.password, newPassword: short };
    await me.call('POST', '/api/v1/users/me/password', { token, json: change });
    await letCodesPass(app, me.id);
    await me.call('DELETE', '/api/v1/users/me/mfa/totp', { token: (await steppedUp(app, me)).token });
    return { me, short };
  }

  it('begins again where the first step was too long ago', async () => {
    const [{ me, short }, browser] = [await withShortPassword(), await atLogin()];
    await enter(browser, { email: me.email, password: short });
    await letChallengesPass(me);
    const page = await browser.submit({ password: randomBytes(15).toString('base64url') });
    expect([page.status, alertOf(page)]).toEqual([422, TOO_LATE]);
    expect((await enter(browser, { email: me.email, password: short })).html).toContain('Choose a new password');
  });

  it('wants a longer password from who has lost the second factor, and then the sign-in goes on', async () => {
    const [{ me, short }, browser] = [await withShortPassword(), await atLogin()];
    const page = await enter(browser, { email: me.email, password: short });
    expect(page.html).toContain('Choose a new password');
    const again = await browser.submit({ password: 'short' });
    expect([again.status, alertOf(again)]).toEqual([422, expect.stringContaining('15')]);
    const password = randomBytes(15).toString('base64url');
    const saved = await browser.submit({ password });
    expect([placeOf(saved), saved.html]).toEqual([
      '/login/:uid',
      expect.stringContaining('Your new password is saved.'),
    ]);
    expect(placeOf(await enter(browser, { email: me.email, password }))).toBe('/consent/:uid');
    await signInTo(app, { email: me.email, password });
  });
});
