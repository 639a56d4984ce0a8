import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { Browse, type Visited } from './support/browse.js';
import {
  clientSecretKey,
  type HostileProvider,
  type Lie,
  startHostile,
  strangerKey,
} from './support/hostile-provider.js';
import { begin, CALLBACK, CREDENTIALS } from './support/outside.js';

let app: TestApp;
let idp: HostileProvider;
let other: HostileProvider;
let browser: Browse;

beforeAll(async () => {
  const port = await freePort();
  [idp, other] = [await startHostile(), await startHostile()];
  const OIDC_PROVIDERS = JSON.stringify([
    { name: 'one', label: 'One', issuer: idp.url, ...CREDENTIALS },
    { name: 'two', label: 'Two', issuer: other.url, ...CREDENTIALS },
  ]);
  app = await startApp({ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}`, OIDC_PROVIDERS });
});
afterAll(async () => {
  await app.stop();
  await idp.stop();
  await other.stop();
});
beforeEach(() => {
  idp.lie = {};
  idp.redeemed.length = 0;
  browser = new Browse(app.url);
});

/** What the provider answers with; `undefined` leaves a parameter out. */
function answerTo(asked: URL, changes: Record<string, string | undefined> = {}, name = 'one'): string {
  const { state = '', nonce = '' } = Object.fromEntries(asked.searchParams);
  const honest = { code: nonce, state, iss: asked.origin };
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...honest, ...changes })) if (value !== undefined) query.set(key, value);
  return `${CALLBACK(name)}?${query.toString()}`;
}

/** A page, nobody signed in, and nothing written. */
async function expectRefused({ status, html, headers }: Visited, code = 'outside_login_invalid'): Promise<void> {
  expect([status, /<code>(\w+)<\/code>/.exec(html)?.[1]]).toEqual([code === 'provider_unavailable' ? 503 : 400, code]);
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(await app.db.query('SELECT 1 FROM outside_accounts')).toEqual([]);
  expect(await app.db.query('SELECT 1 FROM sessions')).toEqual([]);
  expect(await app.db.query('SELECT 1 FROM users')).toEqual([]);
  expect([...browser.cookies().keys()]).not.toContain('__Host-session');
}

describe('GET /api/v1/auth/providers/:name/callback', () => {
  it('refuses an answer with another state, after which the right one is still taken', async () => {
    const asked = await begin(browser, 'one');
    const before = idp.redeemed.length;
    for (const state of ['', 'x'.repeat(43), undefined]) {
      await expectRefused(await browser.get(answerTo(asked, { state })));
    }
    expect(idp.redeemed).toHaveLength(before);
    idp.lie = { answer: { status: 400, body: '{"error":"invalid_grant"}' } };
    await expectRefused(await browser.get(answerTo(asked)));
    expect(idp.redeemed).toHaveLength(before + 1);
  });

  it('refuses an answer that says something twice', async () => {
    const before = idp.redeemed.length;
    for (const more of ['state=again', 'code=again', 'iss=https://again.example']) {
      const asked = await begin(browser, 'one');
      await expectRefused(await browser.get(`${answerTo(asked)}&${more}`));
    }
    expect(idp.redeemed).toHaveLength(before);
  });

  it('refuses what did not begin in this browser', async () => {
    const asked = await begin(new Browse(app.url), 'one');
    await expectRefused(await browser.get(answerTo(asked)));
    await begin(browser, 'one');
    await expectRefused(await browser.get(answerTo(asked)));
    expect(idp.redeemed).toEqual([]);
  });

  it('refuses an answer of another provider, in whichever place it comes (RFC 9207, RFC 9700 section 4.4)', async () => {
    const asked = await begin(browser, 'one');
    await expectRefused(await browser.get(answerTo(asked, {}, 'two')));
    await expectRefused(await browser.get(answerTo(asked, { iss: other.url })));
    const again = await begin(browser, 'one');
    await expectRefused(await browser.get(answerTo(again, { iss: undefined })));
    expect([idp.redeemed, other.redeemed]).toEqual([[], []]);
  });

  it('refuses a cookie that was changed, or is none', async () => {
    const asked = await begin(browser, 'one');
    const { value = '' } = browser.cookies().get('__Host-outside') ?? {};
    for (const cookie of [
      'x',
      value.slice(0, -2),
      `${value.slice(0, 60)}${value[60] === 'A' ? 'B' : 'A'}${value.slice(61)}`,
      `${value}; __Host-outside=x`,
    ]) {
      const answer = await app.call('GET', answerTo(asked), { headers: { cookie: `__Host-outside=${cookie}` } });
      expect([answer.status, answer.text.includes('outside_login_invalid')]).toEqual([400, true]);
    }
    expect(idp.redeemed).toEqual([]);
  });

  it('refuses a provider that refuses, and does not repeat what it says', async () => {
    const asked = await begin(browser, 'one');
    const page = await browser.get(
      answerTo(asked, { code: undefined, error: 'server_error', error_description: 'm4rk3r' }),
    );
    await expectRefused(page);
    expect(page.html).not.toContain('m4rk3r');
  });

  it('goes back to the page where somebody chooses, when they did not want to', async () => {
    const asked = await begin(browser, 'one');
    const page = await browser.get(answerTo(asked, { code: undefined, error: 'access_denied' }));
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/login/account']);
    await expectRefused(await browser.get(answerTo(asked)));
  });

  it('is no page where there is no such provider', async () => {
    expect((await browser.get(CALLBACK('three'))).status).toBe(404);
  });

  const lies: [string, Lie][] = [
    ['of another issuer', { claims: (honest) => ({ ...honest, iss: 'https://other.example' }) }],
    ['for somebody else', { claims: (honest) => ({ ...honest, aud: 'another-client' }) }],
    ['for several, and not authorised by us', { claims: (honest) => ({ ...honest, aud: ['rampart', 'x'], azp: 'x' }) }],
    ['with another nonce', { claims: (honest) => ({ ...honest, nonce: 'another' }) }],
    ['without a nonce', { claims: ({ nonce: _nonce, ...rest }) => rest }],
    ['that is over', { claims: (honest) => ({ ...honest, exp: Number(honest['iat']) - 120 }) }],
    ['without an end', { claims: ({ exp: _exp, ...rest }) => rest }],
    ['without a subject', { claims: ({ sub: _sub, ...rest }) => rest }],
    ['with an endless subject', { claims: (honest) => ({ ...honest, sub: 'x'.repeat(256) }) }],
    ['that nobody signed', { header: { alg: 'none' } }],
    ['that somebody else signed', { key: strangerKey }],
    ['of an unknown key', { key: strangerKey, header: { alg: 'RS256', kid: 'two' } }],
    ['signed with our own secret', { key: clientSecretKey, header: { alg: 'HS256' } }],
    ['by an algorithm that it does not have', { key: strangerKey, header: { alg: 'PS256' } }],
  ];
  it.each(lies)('refuses an ID token %s', async (_, lie) => {
    idp.lie = lie;
    const asked = await begin(browser, 'one');
    await expectRefused(await browser.get(answerTo(asked)));
    // Neither is the code sent again.
    const sent = idp.redeemed.length;
    await expectRefused(await browser.get(answerTo(asked)));
    expect(idp.redeemed).toHaveLength(sent);
  });

  it('refuses an answer without an ID token, and a code that is none', async () => {
    idp.lie = { answer: { body: '{"access_token":"a","token_type":"bearer"}' } };
    const sent = idp.redeemed.length;
    await expectRefused(await browser.get(answerTo(await begin(browser, 'one'))));
    idp.lie = { answer: { status: 400, body: '{"error":"invalid_grant"}' } };
    await expectRefused(await browser.get(answerTo(await begin(browser, 'one'))));
    expect(idp.redeemed).toHaveLength(sent + 2);
  });

  it('says that it is not theirs to mend, when the provider does not know us or fails', async () => {
    const answers: Lie['answer'][] = [
      { status: 401, body: '{"error":"invalid_client"}' },
      { status: 500 },
      { status: 429 },
      { body: `{"access_token":"${'a'.repeat(300_000)}"}` },
    ];
    for (const answer of answers) {
      idp.lie = { answer };
      await expectRefused(await browser.get(answerTo(await begin(browser, 'one'))), 'provider_unavailable');
    }
  });

  it('follows no redirect of a provider', async () => {
    const asked = await begin(browser, 'one');
    idp.lie = { answer: { status: 307, location: `${other.url}/token` } };
    await expectRefused(await browser.get(answerTo(asked)));
    expect(other.redeemed).toEqual([]);
  });

  it('takes one of many answers at once, and never one again', async () => {
    const asked = await begin(browser, 'one');
    const cookie = `__Host-outside=${browser.cookies().get('__Host-outside')?.value}`;
    const sent = idp.redeemed.length;
    const calls = Array.from({ length: 5 }, () => app.call('GET', answerTo(asked), { headers: { cookie } }));
    const statuses = (await Promise.all(calls)).map(({ status }) => status).toSorted();
    expect(statuses).toEqual([303, 400, 400, 400, 400]);
    expect(idp.redeemed).toHaveLength(sent + 1);
  });
});
