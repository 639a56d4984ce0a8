import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, claimsOf, type TestCaller } from './support/callers.js';
import {
  aPersonAt,
  aPublicClient,
  authorizationPath,
  aWebClient,
  challengeOf,
  type Person,
  REDIRECT,
  startOAuth,
} from './support/code-flow.js';
import { aMachine, post, type TestClient } from './support/oauth.js';
import { steppedUp, withTotp } from './support/totp.js';

let app: TestApp;
let admin: TestCaller;
let person: Person;
let clients: { secret: TestClient; open: TestClient; machine: TestClient };

beforeAll(async () => {
  app = await startOAuth();
  admin = await steppedUp(app, await withTotp(app, await asAdmin(app)));
  person = await aPersonAt(app);
  const [secret, open, machine] = [await aWebClient(admin), await aPublicClient(admin), await aMachine(admin)];
  clients = { secret, open, machine };
});
afterAll(() => app.stop());

const asBrowser = (path: string) => app.call('GET', path, { headers: { accept: 'text/html' } });

/** The parameters with which the application is called back, by which part of the address; an error of ours is thrown. */
async function calledBack(client: TestClient, params: Record<string, string>) {
  const { status, headers, text } = await asBrowser(authorizationPath(client, params));
  const location = headers.get('location');
  if (!location?.startsWith(REDIRECT)) throw new Error(`not called back: ${status} ${location} ${text.slice(0, 300)}`);
  const { searchParams, hash } = new URL(location);
  return { query: Object.fromEntries(searchParams), hash };
}

describe('GET /oauth/authorize', () => {
  it.each<[string, Record<string, string>, string]>([
    ['without PKCE', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
    ['with a method and no challenge', { code_challenge: '' }, 'invalid_request'],
    ['with a challenge and no method, which is plain', { code_challenge_method: '' }, 'invalid_request'],
    ['with PKCE by plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['with PKCE by s256', { code_challenge_method: 's256' }, 'invalid_request'],
    ['with PKCE by S512', { code_challenge_method: 'S512' }, 'invalid_request'],
    ['with a challenge of 42 characters', { code_challenge: 'x'.repeat(42) }, 'invalid_request'],
    ['with a challenge of 129 characters', { code_challenge: 'x'.repeat(129) }, 'invalid_request'],
    ['with a challenge in base64', { code_challenge: `${'x'.repeat(42)}+` }, 'invalid_request'],
    ['with a response mode that is not there', { response_mode: 'web_message' }, 'unsupported_response_mode'],
    ['with a response mode in another case', { response_mode: 'Query' }, 'unsupported_response_mode'],
    ['with a response mode of JARM', { response_mode: 'jwt' }, 'unsupported_response_mode'],
    ['with prompt none among others', { prompt: 'none login' }, 'invalid_request'],
    ['with a prompt that is not there', { prompt: 'create' }, 'invalid_request'],
    ['with a negative max_age', { max_age: '-1' }, 'invalid_request'],
    ['with a resource that is not ours', { resource: 'https://evil.example/api' }, 'invalid_target'],
    ['with a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    ['with a request object elsewhere', { request_uri: 'https://evil.example/request' }, 'request_uri_not_supported'],
    ['with registration', { registration: '{"redirect_uris":[]}' }, 'registration_not_supported'],
  ])('tells the application of a request %s', async (_, params, error) => {
    for (const client of [clients.secret, clients.open]) {
      const { query, hash } = await calledBack(client, params);
      expect([query['error'], hash]).toEqual([error, '']);
      expect(query).toMatchObject({ state: 'of the application', iss: `${app.url}/oauth` });
    }
  });

  it.each(['token', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token', 'none', 'x'])(
    'gives nothing by response_type %s',
    async (response_type) => {
      for (const response_mode of ['', 'query', 'fragment', 'form_post']) {
        const { status, headers, text } = await asBrowser(
          authorizationPath(clients.open, { response_type, response_mode, nonce: randomUUID() }),
        );
        const answer = `${headers.get('location') ?? ''} ${text}`;
        expect([200, 303, 400]).toContain(status);
        expect(answer).toMatch(/unsupported_response_type|invalid_request/);
        expect(answer).not.toMatch(/access_token=|id_token=ey|[?&#]code=/);
      }
    },
  );

  it.each([
    'client_id',
    'response_type',
    'scope',
    'state',
    'code_challenge',
    'code_challenge_method',
    'nonce',
    'prompt',
  ])('refuses two of %s, equal or not', async (name) => {
    for (const value of ['x', 'openid']) {
      const path = `${authorizationPath(clients.secret, { nonce: 'x', prompt: 'login' })}&${name}=${value}`;
      const { status, headers, text } = await asBrowser(path);
      expect(headers.get('location') ?? '').not.toMatch(/\/login\/|[?&]code=/);
      expect([303, 400]).toContain(status);
      expect(`${headers.get('location') ?? ''} ${text}`).toContain('invalid_request');
    }
  });

  it('keeps what it answers by fragment or by form to the code', async () => {
    await person.code(clients.secret);
    const { browser } = person;
    const fragment = await browser.get(authorizationPath(clients.secret, { response_mode: 'fragment' }));
    const { searchParams, hash } = new URL(fragment.location ?? '');
    expect([[...searchParams], [...new URLSearchParams(hash.slice(1)).keys()].toSorted()]).toEqual([
      [],
      ['code', 'iss', 'state'],
    ]);
    const form = await browser.get(
      authorizationPath(clients.secret, { response_mode: 'form_post', state: '"><script>alert(1)</script>' }),
    );
    expect([form.status, form.location]).toEqual([200, undefined]);
    expect(form.html).toContain(`action="${REDIRECT}"`);
    expect(form.html).not.toContain('<script>alert(1)');
    // The one script of the page, which sends the form, and a form that leads to the application alone.
    const policy = form.headers['content-security-policy'] ?? '';
    const [, script = ''] = /<script>([^]*?)<\/script>/.exec(form.html) ?? [];
    const digest = createHash('sha256').update(script).digest('base64');
    expect(policy).toContain(`script-src 'sha256-${digest}'`);
    expect(policy).toContain(`form-action ${new URL(REDIRECT).origin};`);
  });

  it('gives no scope that is not there, or that the application is not registered for', async () => {
    const scope = 'openid data:read data:restricted users:write DATA:WRITE superuser';
    const { scope: given, access_token } = await person.tokens(clients.secret, { scope, prompt: 'consent' });
    expect(given.split(' ').toSorted()).toEqual(['data:read']);
    expect(claimsOf(access_token)['scope']).toBe('data:read');
  });

  it('does not redirect a machine, which has no addresses', async () => {
    const answer = await asBrowser(authorizationPath(clients.machine));
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });
});

describe('POST /oauth/authorize', () => {
  it('goes on as a link, as long as browsers take one', async () => {
    const send = (state: string) =>
      app.call('POST', '/oauth/authorize', {
        raw: new URLSearchParams({ client_id: clients.secret.id, state }).toString(),
        type: 'application/x-www-form-urlencoded',
        headers: { accept: 'text/html' },
      });
    const { status, headers } = await send('x');
    expect([status, headers.get('location')]).toEqual([303, expect.stringMatching(/^\/oauth\/authorize\?client_id=/)]);
    // Three characters each of what is sent become nine.
    const long = await send('é'.repeat(1500));
    expect([long.status, long.headers.get('location')]).toEqual([414, null]);
    expect(long.text).toContain('<!doctype html>');
  });
});

describe('POST /oauth/token with a code', () => {
  it.each<[string, Record<string, string>]>([
    ['no verifier', { code_verifier: '' }],
    ['another verifier', { code_verifier: 'w'.repeat(43) }],
    ['a verifier that is too short', { code_verifier: 'w'.repeat(42) }],
    ['a verifier that is too long', { code_verifier: 'w'.repeat(129) }],
    ['a verifier with characters that none has', { code_verifier: `${'w'.repeat(42)} ` }],
    ['the challenge as verifier', { code_verifier: challengeOf('v'.repeat(43)) }],
    ['no redirect_uri', { redirect_uri: '' }],
    ['an invented code', { code: 'x'.repeat(43) }],
    ['U+0000 as code', { code: '\0' }],
    ['no code', { code: '' }],
  ])('refuses %s', async (_, changes) => {
    for (const client of [clients.secret, clients.open]) {
      const code = await person.code(client);
      const { status, body } = await post(app, 'token', { ...code, ...changes }, client);
      expect([status, body.error]).toEqual([400, expect.stringMatching(/^invalid_(grant|request)$/)]);
      // None of these used it up.
      expect((await post(app, 'token', code, client)).status).toBe(200);
    }
  });

  it('refuses one that another authorization server has given, and one of another client', async () => {
    const other = await startOAuth();
    const theirs = await aPersonAt(other);
    const at = await aWebClient(await asAdmin(other));
    const code = await theirs.code(at);
    const foreign = { ...code, client_id: clients.secret.id };
    expect((await post(app, 'token', foreign, clients.secret)).body.error).toBe('invalid_grant');
    expect((await theirs.authorize(at)).get('iss')).toBe(`${other.url}/oauth`);
    expect((await post(other, 'token', code, at)).status).toBe(200);
    await other.stop();
    const mine = await person.code(clients.secret);
    const { body } = await post(app, 'token', { ...mine, client_id: clients.open.id });
    expect(body.error).toBe('invalid_grant');
  });
});

describe('POST /oauth/token by another grant type', () => {
  it.each([
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:ietf:params:oauth:grant-type:saml2-bearer',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'urn:openid:params:grant-type:ciba',
    'Authorization_Code',
    'x',
  ])('knows no %s', async (grant_type) => {
    const { email, password } = person.caller;
    const form = { grant_type, username: email, password, assertion: 'x', scope: 'data:read', subject_token: 'x' };
    for (const client of Object.values(clients)) {
      const { status, body } = await post(app, 'token', { client_id: client.id, ...form }, client);
      expect([status, body.error]).toEqual([400, 'unsupported_grant_type']);
    }
  });

  it('needs one', async () => {
    const { status, body } = await post(app, 'token', { client_id: clients.open.id });
    expect([status, body.error]).toEqual([400, 'invalid_request']);
  });

  it('refuses a client one that it is not registered for', async () => {
    const machine = await post(app, 'token', { grant_type: 'client_credentials' }, clients.secret);
    const open = await post(app, 'token', { grant_type: 'client_credentials', client_id: clients.open.id });
    const code = { grant_type: 'authorization_code', code: 'x', redirect_uri: REDIRECT, code_verifier: 'v'.repeat(43) };
    const byCode = await post(app, 'token', code, clients.machine);
    for (const { status, body } of [machine, open, byCode]) {
      expect([status, body.error]).toEqual([400, 'invalid_request']);
      expect(body.error_description).toBe('requested grant type is not allowed for this client');
    }
  });
});
