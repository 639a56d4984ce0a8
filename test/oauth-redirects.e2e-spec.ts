import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, type TestCaller } from './support/callers.js';
import { aPersonAt, authorizationPath, aWebClient, REDIRECT, startOAuth } from './support/code-flow.js';
import type { Answer } from './support/http.js';
import { post, type TestClient } from './support/oauth.js';
import { sendLines } from './support/raw-http.js';
import { LOOPBACK, MUTATIONS } from './support/redirect-mutations.js';

let app: TestApp;
let admin: TestCaller;
let client: TestClient;
let native: TestClient;

beforeAll(async () => {
  app = await startOAuth();
  admin = await asAdmin(app);
  client = await aWebClient(admin);
  native = await aWebClient(admin, {
    applicationType: 'native',
    tokenEndpointAuthMethod: 'none',
    redirectUris: [...LOOPBACK.registered, 'com.example.app:/callback'],
  });
});
afterAll(() => app.stop());

const asBrowser = (path: string): Promise<Answer> => app.call('GET', path, { headers: { accept: 'text/html' } });

const withQuery = (query: string): string => `${authorizationPath(client, { redirect_uri: '' })}&${query}`;

/** Cases by what one can read of them. */
const titled = (uris: readonly string[]): [title: string, uri: string][] => uris.map((uri) => [uri.slice(0, 80), uri]);

/** Expects a page of ours that says in a sentence what is wrong, sends nobody anywhere, and repeats nothing. */
function expectPage({ status, headers, text }: Answer, sent = ''): void {
  expect([status, headers.get('location'), headers.get('refresh')]).toEqual([400, null, null]);
  expect(headers.get('content-type')).toMatch(/^text\/html/);
  expect(headers.get('set-cookie') ?? '').not.toContain('stolen');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('cache-control')).toContain('no-store');
  expect(text).toMatch(/<p[^>]*>[^<]*\b(registered|mistake|not known)\b[^<]*\.<\/p>/);
  for (const part of ['evil.example', 'alert(1)', '{{7*7}}', 'stolen', ...(sent.length > 30 ? [sent] : [])]) {
    expect(text).not.toContain(part);
  }
}

describe('GET /oauth/authorize with an address that is not registered', () => {
  it('knows the one that is', async () => {
    const { status, headers } = await asBrowser(authorizationPath(client));
    expect([status, headers.get('location')]).toEqual([303, expect.stringMatching(/\/login\//)]);
  });

  it('has 60 addresses at least to refuse, all of them different', () => {
    expect(new Set(MUTATIONS).size).toBe(MUTATIONS.length);
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(60);
    expect(MUTATIONS).not.toContain(REDIRECT);
  });

  it.each(titled(MUTATIONS))('refuses %j with a page', async (_, redirect_uri) => {
    expectPage(await asBrowser(authorizationPath(client, { redirect_uri })), redirect_uri);
  });

  it.each(titled(MUTATIONS))('refuses %j also where the request is wrong in other ways', async (_, uri) => {
    const wrong = { redirect_uri: uri, response_type: 'token', scope: 'x', code_challenge: '' };
    expectPage(await asBrowser(authorizationPath(client, wrong)));
    expectPage(await asBrowser(authorizationPath(client, { redirect_uri: uri, prompt: 'none' })));
    expectPage(await asBrowser(authorizationPath(client, { redirect_uri: uri, response_mode: 'form_post' })));
  });

  it('refuses one of another client, and any of a client that is not there', async () => {
    const other = await aWebClient(admin, { redirectUris: ['https://other.example/callback'] });
    expectPage(await asBrowser(authorizationPath(other)));
    expectPage(await asBrowser(authorizationPath(client, { redirect_uri: 'https://other.example/callback' })));
    for (const id of ['00000000-0000-7000-8000-000000000000', 'x', "'--", '<script>alert(1)</script>']) {
      expectPage(await asBrowser(authorizationPath({ id, secret: undefined })));
    }
  });

  it('needs it said, though there is one alone', async () => {
    expectPage(await asBrowser(authorizationPath(client, { redirect_uri: '' })));
  });

  it.each([
    ['twice, the good one first', `redirect_uri=${REDIRECT}&redirect_uri=https://evil.example/`],
    ['twice, the good one last', `redirect_uri=https://evil.example/&redirect_uri=${REDIRECT}`],
    ['twice the good one', `redirect_uri=${REDIRECT}&redirect_uri=${REDIRECT}`],
    ['as a list', `redirect_uri[]=${REDIRECT}&redirect_uri[]=https://evil.example/`],
    ['as a member of a list', `redirect_uri[0]=${REDIRECT}`],
    ['as an object', `redirect_uri[uri]=${REDIRECT}`],
    ['in another case', `Redirect_Uri=${REDIRECT}`],
    ['with an encoded name, twice', `redirect_uri=${REDIRECT}&redirect%5furi=https://evil.example/`],
    ['behind a semicolon', `x=1;redirect_uri=${REDIRECT}`],
    ['in bytes that are no text', 'redirect_uri=%ff%fe'],
    ['in half an escape', `redirect_uri=${REDIRECT}%`],
    ['in overlong UTF-8', 'redirect_uri=https://app.example%c0%afcallback'],
  ])('refuses it %s', async (_, query) => {
    expectPage(await asBrowser(withQuery(query)));
  });

  it('refuses what is written into the request line itself', async () => {
    for (const raw of [`${REDIRECT}\\`, `${REDIRECT}"<b>`, `${REDIRECT}\x7f`, `${REDIRECT}é`]) {
      const path = withQuery(`redirect_uri=${raw}`);
      const { status, headers, text } = await sendLines(app.url, [`GET ${path} HTTP/1.1`, 'Accept: text/html']);
      expect([400, headers.get('location')]).toEqual([status, null]);
      expect(text).not.toContain('<b>');
    }
  });
});

describe('POST /oauth/authorize with an address that is not registered', () => {
  it.each(titled([...MUTATIONS.slice(0, 10), ...MUTATIONS.slice(-8)]))(
    'leads to the page for %j',
    async (_, redirect_uri) => {
      const [, query = ''] = authorizationPath(client, { redirect_uri }).split('?');
      const answer = await app.call('POST', '/oauth/authorize', {
        raw: query,
        type: 'application/x-www-form-urlencoded',
        headers: { accept: 'text/html' },
      });
      // NUL is nothing that a form holds.
      if (redirect_uri.includes('\0')) return expect(answer.status).toBe(400);
      const location = answer.headers.get('location') ?? '';
      expect([answer.status, location.startsWith('/oauth/authorize?')]).toEqual([303, true]);
      return expectPage(await asBrowser(location), redirect_uri);
    },
  );
});

describe('the addresses of a native application', () => {
  it.each(LOOPBACK.allowed)('may be %s', async (redirect_uri) => {
    const { status, headers } = await asBrowser(authorizationPath(native, { redirect_uri }));
    expect([status, headers.get('location')]).toEqual([303, expect.stringMatching(/\/login\//)]);
  });

  it.each(LOOPBACK.refused)('may not be %s', async (redirect_uri) => {
    expectPage(await asBrowser(authorizationPath(native, { redirect_uri })));
  });

  it.each([
    'com.example.app:/Callback',
    'com.example.app://callback',
    'com.example.app:/callback/',
    'com.example.app:1234/callback',
    'COM.example.app:/callback',
    'com.example.app2:/callback',
    'com.example.app:callback',
  ])('may not be %s', async (redirect_uri) => {
    expectPage(await asBrowser(authorizationPath(native, { redirect_uri })));
  });

  it('have any port where they are native alone', async () => {
    const web = await aWebClient(admin, { redirectUris: LOOPBACK.registered });
    for (const redirect_uri of LOOPBACK.allowed) {
      const answer = await asBrowser(authorizationPath(web, { redirect_uri }));
      if ((LOOPBACK.registered as readonly string[]).includes(redirect_uri)) expect(answer.status).toBe(303);
      else expectPage(answer);
    }
  });
});

describe('POST /oauth/par with an address that is not registered', () => {
  it.each(titled(MUTATIONS))('refuses %j', async (_, redirect_uri) => {
    const [, query = ''] = authorizationPath(client, { redirect_uri }).split('?');
    const form = Object.fromEntries(new URLSearchParams(query));
    const { status, body, headers } = await post(app, 'par', form, client);
    expect([status, body.request_uri, headers.get('location')]).toEqual([400, undefined, null]);
    expect(body.error).toMatch(/^invalid_(request|redirect_uri)$/);
  });
});

describe('the address of an authorization', () => {
  it('is where an error goes, with its issuer, when it is the registered one', async () => {
    const { headers } = await asBrowser(authorizationPath(client, { prompt: 'none' }));
    const location = new URL(headers.get('location') ?? '');
    expect(location.origin + location.pathname).toBe(REDIRECT);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      error: 'login_required',
      error_description: expect.any(String),
      state: 'of the application',
      iss: `${app.url}/oauth`,
    });
  });

  it('has to be the same where the code is exchanged', async () => {
    const two = await aWebClient(admin, { redirectUris: [REDIRECT, `${REDIRECT}2`] });
    const person = await aPersonAt(app);
    const code = await person.code(two);
    for (const redirect_uri of [`${REDIRECT}2`, `${REDIRECT}/`, '']) {
      expect((await post(app, 'token', { ...code, redirect_uri }, two)).status).toBe(400);
    }
    expect((await post(app, 'token', code, two)).status).toBe(200);
  });

  it('keeps what it was registered with, also what looks like the answer', async () => {
    const uri = 'https://app.example/callback?tenant=1&state=own&code=own';
    const own = await aWebClient(admin, { redirectUris: [uri] });
    const back = await (await aPersonAt(app)).authorize(own, { redirect_uri: uri });
    expect([back.get('tenant'), back.getAll('state'), back.getAll('code').length]).toEqual([
      '1',
      ['of the application'],
      1,
    ]);
    expect(back.get('code')).not.toBe('own');
  });
});
