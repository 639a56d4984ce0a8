import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { Browse, formsOf, type Visited } from './support/browse.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { connect, placeOf, RelyingParty, signInFor, signInTo, startIssuer } from './support/relying-party.js';
import { codeOf, withTotp } from './support/totp.js';

let app: TestApp;
let party: RelyingParty;
let user: TestCaller;

beforeAll(async () => {
  app = await startIssuer();
  party = await RelyingParty.of(app, await asAdmin(app));
  user = await asUser(app);
});
afterAll(() => app.stop());

const isOver = ({ status, html }: Visited): boolean => status === 400 && html.includes('interaction_expired');
const enter = (browser: Browse, { email, password }: Pick<TestCaller, 'email' | 'password'> = user) =>
  browser.submit({ email, password });
const SESSIONS = `SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL ORDER BY created_at`;
const sessionsOf = async (person: TestCaller) => {
  return (await app.db.query<{ id: string }>(SESSIONS, [person.id])).map(({ id }) => id);
};
const sessionCookie = (browser: Browse) => browser.cookies().get('__Host-session')?.value;

describe('GET /login/:interaction', () => {
  it('is over in another browser, which got no more than the address', async () => {
    const { url } = await new Browse(app.url).get((await party.begin()).url);
    const other = await new Browse(app.url).get(url);
    expect(isOver(other)).toBe(true);
    expect(other.html).not.toContain('Photo printer');
  });

  it('is over for the consent as well', async () => {
    const { page } = await signInFor(app, (await party.begin()).url, await asUser(app));
    expect(isOver(await (await signInTo(app, user)).get(page.url))).toBe(true);
  });

  it('is over after its time', async () => {
    const before = await sessionsOf(user);
    const browser = new Browse(app.url);
    await browser.get((await party.begin()).url);
    await app.db.query(
      `UPDATE oauth_artifacts SET expires_at = now() - interval '1 second' WHERE kind = 'Interaction'`,
    );
    expect(isOver(await enter(browser))).toBe(true);
    expect(await sessionsOf(user)).toEqual(before);
  });

  it('is over when it was answered: the way back leads nowhere', async () => {
    const browser = new Browse(app.url);
    const { url } = await browser.get((await party.begin()).url);
    const consent = (await enter(browser)).url;
    await browser.submit({ decision: 'allow' });
    expect([isOver(await browser.get(url)), isOver(await browser.get(consent))]).toEqual([true, true]);
  });

  it('answers 404 for what can be no interaction', async () => {
    const page = await new Browse(app.url).get('/login/nonsense');
    expect([page.status, page.html.includes('There is nothing here')]).toEqual([404, true]);
  });

  it('keeps two of them in two tabs apart', async () => {
    const other = await RelyingParty.of(app, await asAdmin(app), { name: 'Another one' });
    const browser = new Browse(app.url);
    const person = await asUser(app);
    const [first, second] = [await party.begin(), await other.begin({ scope: 'openid data:write' })];
    const tabs = [await browser.get(first.url), await browser.get(second.url)];
    expect(tabs.map(({ html }) => /to continue to <strong><bdi>(.*?)</.exec(html)?.[1])).toEqual([
      'Photo printer',
      'Another one',
    ]);
    await browser.get(tabs[0]?.url ?? '');
    const consents = [await enter(browser, person)];
    // The other tab was open while the first signed in.
    consents.push(await browser.get(second.url));
    const answered = [];
    for (const { url } of consents) {
      await browser.get(url);
      answered.push((await browser.submit({ decision: 'allow' })).location);
    }
    expect((await party.finish(first, answered[0])).scope).toBe('data:read');
    expect((await other.finish(second, answered[1])).scope).toBe('data:write');
  });
});

describe('GET /oauth/authorize of who is signed in', () => {
  it.each(['prompt=login', 'max_age=0'])('asks again for %s, and keeps the session', async (parameters) => {
    const person = await asUser(app);
    const { browser, tokens } = await connect(app, party, person);
    const [before, cookie] = [await sessionsOf(person), sessionCookie(browser)];
    const begun = await party.begin(Object.fromEntries(new URLSearchParams(parameters)));
    const page = await browser.get(begun.url);
    expect(page.html).toContain('Confirm it’s you');
    expect(page.html).toContain(person.email);
    const wrong = await browser.submit({ password: 'not the password' });
    expect([wrong.status, wrong.html.includes('That password is wrong.')]).toEqual([422, true]);
    const { location } = await browser.submit({ password: person.password });
    const claims = (await party.finish(begun, location)).claims();
    expect(claims?.['auth_time']).toBeGreaterThanOrEqual(Number(tokens.claims()?.['auth_time']));
    expect(await sessionsOf(person)).toEqual(before);
    expect(sessionCookie(browser)).not.toBe(cookie);
  });

  it('asks for the second factor of who has one', async () => {
    const person = await withTotp(app, await asUser(app));
    const browser = new Browse(app.url);
    await browser.get('/login');
    await enter(browser, person);
    await browser.submit({ code: await codeOf(person.secret) });
    const begun = await party.begin({ prompt: 'login' });
    expect((await browser.get(begun.url)).html).toContain('Code from your authenticator app');
    expect((await browser.submit({ code: '000000' })).status).toBe(422);
    await app.db.query('UPDATE totp_factors SET last_step = 0 WHERE user_id = $1', [person.id]);
    expect(placeOf(await browser.submit({ code: await codeOf(person.secret) }))).toBe('/consent/:uid');
  });

  it('lets somebody else sign in: the first one is signed out, and the request goes on', async () => {
    const [one, other] = [await asUser(app), await asUser(app)];
    const { browser } = await connect(app, party, one);
    const begun = await party.begin({ prompt: 'login' });
    await browser.get(begun.url);
    const which = formsOf(browser.page.html).findIndex(({ action }) => action.endsWith('/switch'));
    const page = await browser.submit({}, which);
    expect([page.status, placeOf(page), sessionCookie(browser)]).toEqual([200, '/login/:uid', undefined]);
    expect(await sessionsOf(one)).toEqual([one.sessionId]);
    await enter(browser, other);
    const { location } = await browser.submit({ decision: 'allow' });
    expect((await party.finish(begun, location)).claims()?.sub).toBe(other.id);
  });
});
