import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { Browse, type Visited } from './support/browse.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { RelyingParty, signInFor, signInTo, startIssuer } from './support/relying-party.js';

const HOSTILE = `"><script>hacked()</script><img src=x onerror=hacked()>`;

let app: TestApp;
let admin: TestCaller;
let party: RelyingParty;

beforeAll(async () => {
  app = await startIssuer();
  admin = await asAdmin(app);
  party = await RelyingParty.of(app, admin);
});
afterAll(() => app.stop());

/** Every page that can be shown, as somebody came to it. */
const visits: Readonly<Record<string, () => Promise<Visited>>> = {
  'GET /login': () => new Browse(app.url).get('/login'),
  'GET /login/:interaction': async () => new Browse(app.url).get((await party.begin()).url),
  'POST /login/:interaction': async () => (await signInFor(app, (await party.begin()).url, aStranger)).page,
  'GET /login/:interaction of who is signed in': async () =>
    (await signInTo(app, await asUser(app))).get((await party.begin({ prompt: 'login' })).url),
  'GET /login/nonsense': () => new Browse(app.url).get('/login/nonsense'),
  'GET /consent/:interaction': async () => (await signInFor(app, (await party.begin()).url, await asUser(app))).page,
  'GET /consent/:interaction of nobody': () => new Browse(app.url).get(`/consent/${'a'.repeat(43)}`),
  'GET /account': async () => (await signInTo(app, await asUser(app))).page,
  'POST /login/account without a token': () =>
    new Browse(app.url).post('/login/account', { email: 'x', password: 'x' }),
  'GET /oauth/authorize': () => new Browse(app.url).get('/oauth/authorize'),
  'GET /oauth/authorize of an unknown client': () => new Browse(app.url).get('/oauth/authorize?client_id=x'),
  'GET /oauth/device': () => new Browse(app.url).get('/oauth/device'),
  'POST /oauth/device': async () => {
    const browser = new Browse(app.url);
    await browser.get('/oauth/device');
    return browser.submit({ user_code: 'WRONG' });
  },
  'GET /oauth/logout': () => new Browse(app.url).get('/oauth/logout'),
  'GET /oauth/logout/success': () => new Browse(app.url).get('/oauth/logout/success'),
};
const aStranger = { email: 'nobody@example.com', password: 'nothing' };

/** What would run, or be fetched from elsewhere: looked for within tags alone, because as a text it is harmless. */
function inlineOf(html: string): string[] {
  const tags = html.match(/<[a-z](?:"[^"]*"|[^>"])*>/gi) ?? [];
  return tags.filter((tag) => {
    const names = tag.replaceAll(/"[^"]*"/g, '""');
    const isOurScript = /\ssrc="\/assets\//.test(tag);
    return (
      (/^<script/i.test(tag) && !isOurScript) ||
      /^<(style|iframe|object|base|img)/i.test(tag) ||
      /\s(style|on\w+)=/i.test(names) ||
      /\s(href|src|action)="\s*(javascript|data|https?):/i.test(tag)
    );
  });
}

describe('every page', () => {
  it.each(Object.entries(visits))(
    '%s: runs nothing inline, is kept by nobody and framed by nobody',
    async (_, visit) => {
      const { headers, html } = await visit();
      const policy = String(headers['content-security-policy']);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
        expect(policy).toContain(part);
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        // Where there is a form a browser has to say whose it is.
        'referrer-policy': html.includes('<form')
          ? 'same-origin'
          : expect.stringMatching(/^(same-origin|no-referrer)$/),
        'x-request-id': expect.any(String),
      });
      expect(headers).not.toHaveProperty('server');
      expect(inlineOf(html)).toEqual([]);
    },
  );

  it.each([
    ['GET /login/nonsense', 404],
    ['GET /consent/:interaction of nobody', 400],
    ['POST /login/account without a token', 400],
    ['GET /oauth/authorize', 400],
    ['GET /oauth/authorize of an unknown client', 400],
  ])('%s: says in a sentence what went wrong, and by what name to ask about it', async (name, status) => {
    const page = await visits[name]?.();
    expect(page?.status).toBe(status);
    expect(page?.html).toMatch(/<h1>[^<]+<\/h1>\s*<p>[^<]+\.<\/p>/);
    expect(page?.html).toContain(String(page?.headers['x-request-id']));
  });
});

describe('what somebody else chose', () => {
  it('would be found', () => {
    expect(inlineOf(`<p title="${HOSTILE}">`)).toHaveLength(2);
    expect(inlineOf(`<p>&lt;script&gt; onload=x</p>`)).toEqual([]);
    expect(inlineOf(`<a href="javascript:x" onclick="y">`)).toHaveLength(1);
  });

  it('is text on every page', async () => {
    const hostile = await RelyingParty.of(app, await asUser(app), { name: HOSTILE });
    const login = await new Browse(app.url).get((await hostile.begin({ login_hint: HOSTILE })).url);
    const user = await asUser(app);
    const consent = await signInFor(app, (await hostile.begin()).url, user);
    const device = await app.call('POST', '/api/v1/auth/login', {
      json: { email: user.email, password: user.password },
      headers: { 'user-agent': HOSTILE },
    });
    expect(device.status).toBe(200);
    const pages = [login, consent.page, await consent.get('/account')];
    for (const { html } of pages) {
      expect(html).toContain('&lt;script&gt;');
      expect(inlineOf(html)).toEqual([]);
    }
  });

  it.each(['user_code', 'client_id', 'redirect_uri', 'scope', 'state'])(
    'is text in an error about %s',
    async (name) => {
      const query = new URLSearchParams({ [name]: HOSTILE });
      for (const path of ['authorize', 'device', 'logout']) {
        const { html } = await new Browse(app.url).get(`/oauth/${path}?${query.toString()}`);
        expect(inlineOf(html)).toEqual([]);
      }
    },
  );
});

describe('every form', () => {
  it('is answered with a redirection that is followed by GET', async () => {
    const user = await asUser(app);
    const browser = new Browse(app.url);
    await browser.get('/login');
    const fields = { csrf: /name="csrf" value="([^"]+)"/.exec(browser.page.html)?.[1] ?? '' };
    const { status, headers } = await app.call('POST', '/login/account', {
      raw: new URLSearchParams({ ...fields, email: user.email, password: user.password }).toString(),
      type: 'application/x-www-form-urlencoded',
      headers: { cookie: browser.cookieFor('/login') },
    });
    expect([status, headers.get('location'), headers.get('cache-control')]).toEqual([303, '/account', 'no-store']);
  });
});
