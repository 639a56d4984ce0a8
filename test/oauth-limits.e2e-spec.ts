import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asAdmin, type TestCaller } from './support/callers.js';
import { aPersonAt, aPublicClient, aWebClient, type Person } from './support/code-flow.js';
import type { Answer, Call } from './support/http.js';
import { aMachine, post, type TestClient } from './support/oauth.js';
import { exhausted } from './support/wall.js';
import { startLimited, type Limited } from './support/oauth-limits.js';
import { steppedUp, withTotp } from './support/totp.js';

const MORE = 6;
const BACK_CHANNEL = ['token', 'introspect', 'revoke', 'par', 'device_authorization'];

/** The limits of one instance; another on the same database makes what these tests need. */
const LIMITS = { client: 6, anonymous: 5, sensitive: 4, address: 40 };

let site: Limited;
let admin: TestCaller;
let person: Person;

beforeAll(async () => {
  site = await startLimited(LIMITS);
  admin = await steppedUp(site.app, await withTotp(site.app, await asAdmin(site.app)));
  person = await aPersonAt(site.app);
});
afterAll(() => site.stop());

const form = { grant_type: 'client_credentials', token: 'x' };
const ask = (call: Call, client: TestClient, endpoint = 'token') => post({ call }, endpoint, form, client);
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** `{ client: 5 }`: what is left in each window. */
const left = ({ headers }: Answer): Record<string, number> =>
  Object.fromEntries(
    [...(headers.get('ratelimit') ?? '').matchAll(/"([\w-]+)";r=(\d+);t=\d+/g)].map(([, name, r]) => [name, Number(r)]),
  );

/** Expects a refusal in the words of OAuth, that says when to come again and which limit it was. */
function expectTooMany(answer: Answer, by: string): void {
  const { status, body, headers } = answer;
  expect([status, exhausted(answer)]).toEqual([429, [by]]);
  expect(body).toEqual({ error: 'temporarily_unavailable', error_description: expect.any(String) });
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(headers.get('cache-control')).toContain('no-store');
  expect(headers.get('www-authenticate')).toBeNull();
  expect(headers.get('ratelimit-policy')).toContain(`"${by}"`);
}

describe('a client that has proved who it is', () => {
  it('has exactly so many requests of its own, of more at once, from however many addresses', async () => {
    const machine = await aMachine(admin);
    const calls = times(LIMITS.client + MORE, () => site.from(site.address()));
    const answers = await Promise.all(calls.map((call) => ask(call, machine)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(LIMITS.client);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(MORE);
    for (const answer of refused) expectTooMany(answer, 'client');
  });

  it('has them at all endpoints together, and no other client has fewer', async () => {
    const [web, other] = [await aWebClient(admin), await aMachine(admin)];
    const endpoints = ['introspect', 'revoke', 'token', 'introspect', 'revoke', 'token'];
    for (const [i, endpoint] of endpoints.entries()) {
      const answer = await ask(site.from(site.address()), web, endpoint);
      expect([answer.status === 429, left(answer)]).toEqual([
        false,
        { address: LIMITS.address - 1, client: LIMITS.client - i - 1 },
      ]);
    }
    for (const endpoint of BACK_CHANNEL) expectTooMany(await ask(site.from(site.address()), web, endpoint), 'client');
    expect((await ask(site.from(site.address()), other)).status).toBe(200);
  });

  it('has them at the userinfo endpoint too', async () => {
    const web = await aWebClient(admin);
    const { access_token: token } = await person.tokens(web, { scope: 'openid email' });
    const before = left(await ask(site.from(site.address()), web, 'introspect'))['client'] ?? 0;
    const answer = await site.from(site.address())('GET', '/oauth/userinfo', { token });
    expect([answer.status, left(answer)]).toEqual([200, { address: LIMITS.address - 1, client: before - 1 }]);
  });

  it('is not anonymous, and takes nothing from whoever shares its address', async () => {
    const machine = await aMachine(admin);
    const here = site.from(site.address());
    for (let i = 0; i < LIMITS.client; i += 1) expect(left(await ask(here, machine))).not.toHaveProperty('anonymous');
    expectTooMany(await ask(here, machine), 'client');
    expect(left(await here('GET', '/nowhere'))).toMatchObject({ anonymous: LIMITS.anonymous - 1 });
  });
});

describe('a client that proves nothing', () => {
  it('counts as anybody of its address: a public one', async () => {
    const open = await aPublicClient(admin);
    const here = site.from(site.address());
    const refreshes = times(LIMITS.anonymous + MORE, () =>
      post({ call: here }, 'token', { grant_type: 'refresh_token', client_id: open.id, refresh_token: 'x' }),
    );
    const answers = await Promise.all(refreshes);
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(LIMITS.anonymous);
    for (const answer of answers.filter(({ status }) => status !== 400)) expectTooMany(answer, 'anonymous');
    const elsewhere = await post({ call: site.from(site.address()) }, 'token', { ...form, client_id: open.id });
    expect(elsewhere.status).toBe(400);
  });

  it.each(BACK_CHANNEL)('guesses like at a login when its secret is wrong: %s', async (endpoint) => {
    const machine = await aMachine(admin);
    const here = site.from(site.address());
    for (let i = 0; i < LIMITS.sensitive; i += 1) {
      const answer = await ask(here, { ...machine, secret: `guess ${i}` }, endpoint);
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect(left(answer)).toMatchObject({ sensitive: LIMITS.sensitive - i - 1, anonymous: LIMITS.anonymous - i - 1 });
    }
    for (const secret of ['guess', 'once more']) {
      expectTooMany(await ask(here, { ...machine, secret }, endpoint), 'sensitive');
    }
    // The same counter as that of passwords.
    const login = await here('POST', '/api/v1/auth/login', {
      json: { email: 'a@example.com', password: 'x'.repeat(20) },
    });
    expect(login.status).toBe(429);
    // Who has the secret is not kept out by whoever guesses beside them.
    expect((await ask(here, machine)).status).toBe(200);
    expect((await ask(site.from(site.address()), { ...machine, secret: 'x' }, endpoint)).status).toBe(401);
  });

  it('guesses exactly so often, of more at once', async () => {
    const machine = await aMachine(admin);
    const here = site.from(site.address());
    const answers = await Promise.all(
      times(LIMITS.sensitive + MORE, (i) => ask(here, { ...machine, secret: `guess ${i}` })),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(LIMITS.sensitive);
    for (const answer of answers.filter(({ status }) => status !== 401)) expectTooMany(answer, 'sensitive');
  });

  it('is the same whether there is a client of that name', async () => {
    const here = site.from(site.address());
    const nobody = { id: '00000000-0000-7000-8000-000000000000', secret: 'x' };
    for (let i = 0; i < LIMITS.sensitive; i += 1) expect((await ask(here, nobody)).status).toBe(401);
    expectTooMany(await ask(here, nobody), 'sensitive');
  });
});

describe('what the limits refuse', () => {
  it('uses up no code, refresh token or pushed request of a confidential client', async () => {
    const web = await aWebClient(admin);
    const code = await person.code(web);
    const away = site.from(site.address());
    for (let i = 0; i < LIMITS.client; i += 1) await ask(away, web, 'introspect');
    expectTooMany(await post({ call: away }, 'token', code, web), 'client');
    const redeemed = await post(site.app, 'token', code, web);
    expect(redeemed.status).toBe(200);
    const refreshing = { grant_type: 'refresh_token', refresh_token: redeemed.body.refresh_token };
    expectTooMany(await post({ call: away }, 'token', refreshing, web), 'client');
    expect((await post(site.app, 'token', refreshing, web)).status).toBe(200);
  });

  it('uses up no code or refresh token of a public client', async () => {
    const open = await aPublicClient(admin);
    const code = await person.code(open);
    const away = site.from(site.address());
    for (let i = 0; i < LIMITS.anonymous; i += 1) await away('GET', '/nowhere');
    expectTooMany(await post({ call: away }, 'token', code), 'anonymous');
    const redeemed = await post(site.app, 'token', code);
    expect(redeemed.status).toBe(200);
    const { refresh_token } = redeemed.body;
    const refreshing = { grant_type: 'refresh_token', client_id: open.id, refresh_token };
    expectTooMany(await post({ call: away }, 'token', refreshing), 'anonymous');
    expect((await post(site.app, 'token', refreshing)).status).toBe(200);
  });

  it('is a page where browsers are sent', async () => {
    const here = site.from(site.address());
    for (let i = 0; i < LIMITS.anonymous; i += 1) await here('GET', '/nowhere');
    for (const path of ['/oauth/authorize', '/oauth/device', '/login/account']) {
      const { status, headers, text } = await here('GET', path, { headers: { accept: 'text/html' } });
      expect([status, headers.get('content-type')]).toEqual([429, expect.stringMatching(/^text\/html/)]);
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(text).toMatch(/Wait \d+ (seconds?|minutes), then try again\./);
      expect(headers.get('location')).toBeNull();
    }
  });

  it('is nothing of the documents, which count by address alone', async () => {
    const here = site.from(site.address());
    for (let i = 0; i < LIMITS.anonymous; i += 1) await here('GET', '/nowhere');
    for (const path of ['jwks', '.well-known/openid-configuration', '.well-known/oauth-authorization-server']) {
      const answer = await here('GET', `/oauth/${path}`);
      expect([answer.status, Object.keys(left(answer))]).toEqual([200, ['address']]);
    }
    const answers = await Promise.all(times(LIMITS.address, () => here('GET', '/oauth/jwks')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(LIMITS.anonymous + 3);
    for (const answer of refused) expect(exhausted(answer)).toEqual(['address']);
  });
});
