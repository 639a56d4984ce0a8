import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, claimsOf, type TestCaller } from './support/callers.js';
import { aPersonAt, aPublicClient, aWebClient, type Person, refresh, startOAuth } from './support/code-flow.js';
import type { Answer, Call } from './support/http.js';
import { post, type TestClient } from './support/oauth.js';
import { type Instance, startInstance } from './support/process.js';
import { freePort } from '../scripts/lib/network.mjs';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

let app: TestApp;
let second: Instance;
let admin: TestCaller;
let client: TestClient;

beforeAll(async () => {
  app = await startOAuth();
  second = await startInstance({ ...app.settings, PORT: '0' });
  admin = await asAdmin(app);
  client = await aWebClient(admin);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
});

const list = async (call: Call, token: string) => (await call('GET', '/api/v1/data', { token })).status;
const grantsOf = async ({ caller }: Person) => (await caller.call('GET', '/api/v1/users/me/grants')).body.items;
const reuses = async ({ caller }: Person) =>
  app.db.query(`SELECT 1 FROM audit_events WHERE action = 'grant.reuse_detected' AND details ->> 'userId' = $1`, [
    caller.id,
  ]);

/** The same request, so many times at once, to one process and the other in turn. */
const atOnce = (count: number, send: (app: { call: Call }) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => send(i % 2 ? second : app)));

/** Expects that nothing is left of what was given out for the grant, wherever it is tried. */
async function expectEnded(person: Person, tokens: Answer['body'][], of = client): Promise<void> {
  expect(await grantsOf(person)).toEqual([]);
  for (const { access_token, refresh_token } of tokens) {
    for (const { call } of [app, second]) {
      await expect.poll(() => list(call, access_token), { timeout: 1000, interval: 10 }).toBe(401);
      expect((await post({ call }, 'introspect', { token: access_token }, of)).body).toEqual({ active: false });
      const { status, body } = await refresh({ call }, of, refresh_token);
      expect([status, body.error]).toEqual([400, 'invalid_grant']);
    }
  }
}

/** Expects that of many who used something up at once at most one got something, and that it is worth nothing. */
async function expectStolen(person: Person, answers: Answer[], before: Answer['body'][] = []): Promise<void> {
  const winners = answers.filter(({ status }) => status === 200);
  const losers = answers.filter(({ status }) => status !== 200);
  expect(winners.length).toBeLessThanOrEqual(1);
  expect(new Set(losers.map(({ status, body }) => `${status} ${body.error}`))).toEqual(new Set(['400 invalid_grant']));
  await expectEnded(person, [...before, ...winners.map(({ body }) => body)]);
  expect(await reuses(person)).toHaveLength(1);
}

describe('an authorization code', () => {
  it('is used once: the second use ends the grant and every token of it', async () => {
    const person = await aPersonAt(app);
    const code = await person.code(client);
    const first = await post(app, 'token', code, client);
    expect(first.status).toBe(200);
    for (const { call } of [app, second]) expect(await list(call, first.body.access_token)).toBe(200);
    const rotated = await refresh(app, client, first.body.refresh_token);
    expect(rotated.status).toBe(200);
    const again = await post(second, 'token', code, client);
    expect([again.status, again.body]).toEqual([
      400,
      { error: 'invalid_grant', error_description: expect.any(String) },
    ]);
    await expectEnded(person, [first.body, rotated.body]);
    expect(await reuses(person)).toHaveLength(1);
  });

  it('gives at most one of 50 tokens over two processes, and leaves nothing', async () => {
    const person = await aPersonAt(app);
    const before = await person.tokens(client);
    const code = await person.code(client);
    const answers = await atOnce(50, (to) => post(to, 'token', code, client));
    await expectStolen(person, answers, [before]);
  });

  it('gives nothing more to a public client, which proves nothing', async () => {
    const [person, open] = [await aPersonAt(app), await aPublicClient(admin)];
    const code = await person.code(open);
    const answers = await atOnce(10, (to) => post(to, 'token', code));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners.length).toBeLessThanOrEqual(1);
    for (const { body } of winners) expect(await list(second.call, body.access_token)).toBe(401);
    expect(await grantsOf(person)).toEqual([]);
  });

  it('is not used up by whoever lacks the verifier, the secret, the address or the client', async () => {
    const [person, other] = [await aPersonAt(app), await aWebClient(admin)];
    const code = await person.code(client);
    const wrong: [form: Record<string, string>, as: TestClient][] = [
      [{ ...code, code_verifier: 'w'.repeat(43) }, client],
      [{ ...code, redirect_uri: 'https://app.example/other' }, client],
      [code, { ...client, secret: 'wrong' }],
      [{ ...code, client_id: other.id }, other],
    ];
    for (const [form, as] of wrong) expect([400, 401]).toContain((await post(app, 'token', form, as)).status);
    expect(await grantsOf(person)).toHaveLength(1);
    expect((await post(app, 'token', code, client)).status).toBe(200);
  });

  it('outlives the process that gave it, and works in another', async () => {
    const port = await freePort();
    const settings = { ...app.settings, PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` };
    const giver = await startInstance(settings);
    const person = await aPersonAt({ ...giver, db: app.db });
    const [code, other] = [await person.code(client), await person.code(client)];
    await giver.stop('SIGKILL');
    const again = await startInstance(settings);
    const beside = await startInstance({ ...settings, PORT: '0' });
    for (const [to, form] of [
      [again, code],
      [beside, other],
    ] as const) {
      const { status, body } = await post(to, 'token', form, client);
      expect(status).toBe(200);
      for (const { call } of [again, beside]) expect(await list(call, body.access_token)).toBe(200);
    }
    await Promise.all([again.stop(), beside.stop()]);
  });

  it('is over after a minute', async () => {
    const person = await aPersonAt(app);
    const code = await person.code(client);
    const [row] = await app.db.query<{ seconds: number }>(
      `SELECT extract(epoch FROM max(expires_at) - now())::int AS seconds FROM oauth_artifacts WHERE kind = 'AuthorizationCode'`,
    );
    expect(row?.seconds).toBeGreaterThan(50);
    expect(row?.seconds).toBeLessThanOrEqual(60);
    await app.db.query(`UPDATE oauth_artifacts SET expires_at = now() WHERE kind = 'AuthorizationCode'`);
    expect((await post(app, 'token', code, client)).body.error).toBe('invalid_grant');
  });
});

describe('a refresh token', () => {
  it('is used once: the second use ends the grant, the successor and all access tokens', async () => {
    const person = await aPersonAt(app);
    const first = await person.tokens(client);
    const rotated = await refresh(app, client, first.refresh_token);
    expect(rotated.status).toBe(200);
    expect(claimsOf(rotated.body.access_token)['grant_id']).toBe(claimsOf(first.access_token)['grant_id']);
    expect((await refresh(second, client, first.refresh_token)).body.error).toBe('invalid_grant');
    await expectEnded(person, [first, rotated.body]);
    expect(await reuses(person)).toHaveLength(1);
  });

  it('gives at most one of 50 successors over two processes, and leaves nothing', async () => {
    const person = await aPersonAt(app);
    const first = await person.tokens(client);
    const answers = await atOnce(50, (to) => refresh(to, client, first.refresh_token));
    await expectStolen(person, answers, [first]);
  });

  it('of another client is nothing, and is not used up', async () => {
    const [person, other] = [await aPersonAt(app), await aWebClient(admin)];
    const { refresh_token } = await person.tokens(client);
    expect((await refresh(app, other, refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(app, client, refresh_token)).status).toBe(200);
  });
});

describe('a device code', () => {
  it('gives at most one of 50 tokens over two processes, and leaves nothing', async () => {
    const [person, tv] = [await aPersonAt(app), await aWebClient(admin, device)];
    const { body } = await post(app, 'device_authorization', { client_id: tv.id, scope: 'data:read' }, tv);
    await person.browser.get(
      new URL(body.verification_uri_complete).pathname + new URL(body.verification_uri_complete).search,
    );
    const code = { grant_type: DEVICE_CODE, client_id: tv.id, device_code: body.device_code };
    expect((await post(app, 'token', code, tv)).body.error).toBe('authorization_pending');
    await allowDevice(person);
    const answers = await atOnce(50, (to) => post(to, 'token', code, tv));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    for (const { body: won } of answers.filter(({ status }) => status === 200)) {
      expect(await list(second.call, won.access_token)).toBe(401);
    }
    expect(await grantsOf(person)).toEqual([]);
  });

  const device = { grantTypes: [DEVICE_CODE, 'refresh_token'], redirectUris: [] };

  async function allowDevice({ browser, caller }: Person): Promise<void> {
    for (let step = 0; step < 6 && /<form/.test(browser.page.html); step += 1) {
      const { url } = browser.page;
      if (url.includes('/login/')) await browser.submit({ email: caller.email, password: caller.password });
      else if (url.includes('/consent/')) await browser.submit({ decision: 'allow' });
      else await browser.submit();
    }
  }
});

describe('a request_uri', () => {
  it('opens one authorization, and no second one', async () => {
    const person = await aPersonAt(app);
    const { body, status } = await post(app, 'par', pushed(), client);
    expect([status, body]).toEqual([
      201,
      { expires_in: 60, request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:/) },
    ]);
    const link = `/oauth/authorize?${new URLSearchParams({ client_id: client.id, request_uri: body.request_uri }).toString()}`;
    await person.browser.get(link);
    await person.browser.submit({ email: person.caller.email, password: person.caller.password });
    const back = await person.browser.submit({ decision: 'allow' });
    expect(new URL(back.location ?? '').searchParams.get('code')).toBeTruthy();
    const again = await person.browser.get(link);
    expect([again.status, again.location]).toEqual([400, undefined]);
    const elsewhere = await (await aPersonAt(app)).browser.get(link);
    expect([elsewhere.status, elsewhere.location]).toEqual([400, undefined]);
  });

  it('of another client opens nothing', async () => {
    const other = await aWebClient(admin);
    const { body } = await post(app, 'par', pushed(), client);
    const { browser } = await aPersonAt(app);
    const query = new URLSearchParams({ client_id: other.id, request_uri: body.request_uri });
    const page = await browser.get(`/oauth/authorize?${query.toString()}`);
    expect([page.status, page.location]).toEqual([400, undefined]);
  });

  const pushed = () => ({
    client_id: client.id,
    response_type: 'code',
    redirect_uri: 'https://app.example/callback',
    scope: 'data:read',
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
  });
});
