import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { Browse } from './support/browse.js';
import { asAdmin, asReader, asUser, type TestCaller } from './support/callers.js';
import { answerIn, connect, placeOf, RelyingParty, signInFor, startIssuer } from './support/relying-party.js';

let app: TestApp;
let admin: TestCaller;

beforeAll(async () => {
  app = await startIssuer();
  admin = await asAdmin(app);
});
afterAll(() => app.stop());

const ALL = 'openid data:read data:write';
const aParty = (overrides: Record<string, unknown> = {}) => RelyingParty.of(app, admin, overrides);
const mayWrite = async (token: string) => (await app.call('POST', '/api/v1/data', { token, json: {} })).status !== 403;
/** The permissions of a consent page: what can be unticked, and what is marked as new. */
const boxesOf = (html: string): string[] =>
  [...html.matchAll(/<input type="checkbox" name="scope" value="([^"]+)"/g)].map(([, scope = '']) => scope);
const newOnes = (html: string): string[] =>
  [...html.matchAll(/value="([^"]+)"(?:(?!class="scope")[\s\S])*?>New</g)].map(([, scope = '']) => scope);
const grantsOf = async (person: TestCaller) =>
  (await person.call('GET', '/api/v1/users/me/grants')).body.items as { scopes: string[] }[];

describe('GET /consent/:interaction', () => {
  it('asks for nothing that the client is not registered for, nor that the person does not hold', async () => {
    const party = await aParty();
    const { url } = await party.begin({ scope: ALL });
    expect(boxesOf((await signInFor(app, url, await asUser(app))).page.html)).toEqual(['data:read', 'data:write']);
    expect(boxesOf((await signInFor(app, url, await asReader(app))).page.html)).toEqual(['data:read']);
    const beyond = await party.begin({ scope: `${ALL} users:write keys:read` });
    expect(boxesOf((await signInFor(app, beyond.url, await asUser(app))).page.html)).toEqual([
      'data:read',
      'data:write',
    ]);
  });

  it('says who made the application, and where it leads', async () => {
    const maker = await asUser(app);
    const pages = await Promise.all(
      [admin, maker].map(async (owner) => {
        const party = await RelyingParty.of(app, owner);
        return (await signInFor(app, (await party.begin()).url, await asUser(app))).page.html;
      }),
    );
    expect(pages.map((html) => /Another Rampart user made this app/.test(html))).toEqual([false, true]);
    for (const html of pages) expect(html).toMatch(/You will be sent to <strong[^>]*><bdi>app\.example</);
  });

  it('is not for who is not signed in', async () => {
    const party = await aParty();
    const browser = await signInFor(app, (await party.begin()).url, await asUser(app));
    const { url } = browser.page;
    await browser.post('/account/sign-out', { csrf: formTokenOf(browser) });
    const page = await browser.get(url);
    expect([page.status, page.html.includes('interaction_expired')]).toEqual([400, true]);
  });
});

const formTokenOf = ({ page }: Browse): string => /name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? '';

describe('POST /consent/:interaction', () => {
  it('gives what was left ticked, and says so', async () => {
    const [party, user] = [await aParty(), await asUser(app)];
    const begun = await party.begin({ scope: ALL });
    const browser = await signInFor(app, begun.url, user);
    const { location } = await browser.submit({ decision: 'allow', scope: ['openid', 'data:read'] });
    const tokens = await party.finish(begun, location);
    expect(tokens.scope).toBe('data:read');
    expect(await mayWrite(tokens.access_token)).toBe(false);
    expect(await grantsOf(user)).toMatchObject([{ scopes: ['openid', 'data:read'] }]);
  });

  it('signs in where nothing of the API is left ticked', async () => {
    const [party, user] = [await aParty(), await asUser(app)];
    const begun = await party.begin({ scope: 'openid email data:read' });
    const browser = await signInFor(app, begun.url, user);
    const { location } = await browser.submit({ decision: 'allow', scope: ['openid', 'email'] });
    const tokens = await party.finish(begun, location);
    expect([tokens.scope, tokens.claims()?.sub]).toEqual(['openid email', user.id]);
    expect((await party.userinfo(tokens, user.id)).email).toBe(user.email);
    expect((await app.call('GET', '/api/v1/data', { token: tokens.access_token })).status).toBe(401);
    expect((await party.refresh(tokens)).scope).toBe('openid email');
  });

  it('gives nothing that is put into the form', async () => {
    const [party, user] = [await aParty(), await asUser(app)];
    const begun = await party.begin();
    const browser = await signInFor(app, begun.url, user);
    const scope = ['openid', 'data:read', 'data:write', 'users:write', 'invented'];
    await browser.submit({ decision: 'allow', scope });
    expect(await grantsOf(user)).toMatchObject([{ scopes: ['openid', 'data:read'] }]);
  });

  it('tells the application when nothing is allowed, and stores nothing', async () => {
    const [party, user] = [await aParty(), await asUser(app)];
    const begun = await party.begin();
    const browser = await signInFor(app, begun.url, user);
    const back = await browser.submit({ decision: 'cancel' });
    expect(answerIn(back)).toMatchObject({ error: 'access_denied', state: begun.state });
    await expect(party.finish(begun, back.location)).rejects.toMatchObject({ error: 'access_denied' });
    expect(await grantsOf(user)).toEqual([]);
  });

  it('is asked once by an application with a secret', async () => {
    const [party, user] = [await aParty(), await asUser(app)];
    const { browser } = await connect(app, party, user);
    const again = await party.begin();
    const { location } = await browser.get(again.url);
    expect((await party.finish(again, location)).scope).toBe('data:read');
    expect(await grantsOf(user)).toHaveLength(1);
  });

  it('is asked each time by a program that anybody could be (RFC 8252 section 8.6)', async () => {
    const native = { applicationType: 'native', tokenEndpointAuthMethod: 'none' };
    const redirectUris = ['com.example.app:/callback'];
    const [party, user] = [await aParty({ ...native, redirectUris }), await asUser(app)];
    const { browser } = await connect(app, party, user);
    expect(placeOf(await browser.get((await party.begin()).url))).toBe('/consent/:uid');
    expect(answerIn(await browser.get((await party.begin({ prompt: 'none' })).url))).toMatchObject({
      error: expect.stringMatching(/^(interaction|consent)_required$/),
    });
  });

  it('asks again for what is new, says what it is, and keeps the rest', async () => {
    const [party, user] = [await aParty(), await asUser(app)];
    const { browser } = await connect(app, party, user);
    const more = await party.begin({ scope: ALL });
    const page = await browser.get(more.url);
    expect([placeOf(page), newOnes(page.html)]).toEqual(['/consent/:uid', ['data:write']]);
    const { location } = await browser.submit({ decision: 'allow' });
    expect((await party.finish(more, location)).scope).toBe('data:read data:write');
    expect(await grantsOf(user)).toMatchObject([{ scopes: ['openid', 'data:read', 'data:write'] }]);
  });

  it('takes back what is unticked when it is asked again, from tokens in use as well', async () => {
    const [party, user] = [await aParty(), await asUser(app)];
    const { browser, tokens } = await connect(app, party, user, { scope: ALL });
    expect(await mayWrite(tokens.access_token)).toBe(true);
    const again = await party.begin({ scope: ALL, prompt: 'consent' });
    expect(placeOf(await browser.get(again.url))).toBe('/consent/:uid');
    const { location } = await browser.submit({ decision: 'allow', scope: ['openid', 'data:read'] });
    const less = await party.finish(again, location);
    expect([less.scope, await mayWrite(less.access_token)]).toEqual(['data:read', false]);
    expect(await mayWrite(tokens.access_token)).toBe(false);
    expect((await party.refresh(tokens)).scope).toBe('data:read');
  });

  it('is not remembered for whom it was not', async () => {
    const [party, one, other] = [await aParty(), await asUser(app), await asUser(app)];
    await connect(app, party, one);
    expect(placeOf((await signInFor(app, (await party.begin()).url, other)).page)).toBe('/consent/:uid');
  });
});
