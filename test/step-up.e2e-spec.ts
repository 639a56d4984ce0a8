import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, claimsOf, type TestCaller, withKey } from './support/callers.js';
import { CLIENTS, withClient } from './support/clients.js';
import { aKey, aPerson } from './support/factories.js';
import type { Answer } from './support/http.js';
import { forgerOf } from './support/tokens.js';
import { codeOf, steppedUp, withTotp, type WithTotp } from './support/totp.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const outcome = ({ status, body }: Answer) => `${status} ${body?.code ?? ''}`.trim();
const stepUp = (me: TestCaller, json: object) => me.call('POST', '/api/v1/auth/step-up', { json });
const strongly = async (me: WithTotp): Promise<string> => (await steppedUp(app, me)).token;

/** The token of a session whose person was asked so many seconds ago; null where the token does not say. */
async function aged(me: TestCaller, seconds: number | null, token = me.token): Promise<string> {
  const then = seconds === null ? undefined : Math.floor(Date.now() / 1000) - seconds;
  const { acr } = claimsOf(token);
  const claims = { acr: seconds === null ? undefined : acr, auth_time: then };
  return (await forgerOf(app, me)).token({ claims });
}

type Request = (me: TestCaller, token: string) => Promise<Answer>;
const sends =
  (method: string, path: string, json: (me: TestCaller) => object = () => ({})): Request =>
  (me, token) =>
    me.call(method, path, { token, ...(method === 'DELETE' ? {} : { json: json(me) }) });

/** What a stolen session must not be enough for. */
const GUARDED: readonly (readonly [what: string, request: Request, done: number])[] = [
  ['an end of the account', sends('POST', '/api/v1/users/me/deletion', ({ password }) => ({ password })), 202],
  [
    'another password',
    sends('POST', '/api/v1/users/me/password', ({ password }) => ({
      currentPassword: password,
      newPassword: password,
    })),
    204,
  ],
  [
    'another address',
    sends('POST', '/api/v1/users/me/email', ({ password }) => ({ email: aPerson().email, password })),
    202,
  ],
  ['a key that may write', sends('POST', '/api/v1/api-keys', () => aKey({ scopes: ['data:read', 'data:write'] })), 201],
  [
    'a new secret of a client',
    async (me, token) => {
      const { id } = await withClient(me);
      return me.call('POST', `${CLIENTS}/${id}/secret`, { token, json: {} });
    },
    201,
  ],
  ['new recovery codes', (me, token) => me.call('POST', '/api/v1/users/me/mfa/recovery-codes', { token }), 201],
  ['no one-time passwords', sends('DELETE', '/api/v1/users/me/mfa/totp'), 204],
];

describe('somebody with a second factor', () => {
  it.each(GUARDED)('is asked for it before they get %s', async (_, request, done) => {
    const me = await withTotp(app, await asUser(app));
    const { status, body, headers } = await request(me, me.token);
    expect({ status, code: body.code, acrValues: body.acrValues, maxAge: body.maxAge }).toEqual({
      status: 401,
      code: 'step_up_required',
      acrValues: ['aal2'],
      maxAge: 300,
    });
    expect(headers.get('www-authenticate')).toMatch(
      /^Bearer realm="rampart", error="insufficient_user_authentication", .*acr_values="aal2", max_age="300"$/,
    );
    const { body: withPassword } = await stepUp(me, { password: me.password });
    expect(outcome(await request(me, withPassword.access_token))).toBe('401 step_up_required');
    expect((await request(me, await strongly(me))).status).toBe(done);
  });

  it('is asked again when that was more than five minutes ago', async () => {
    const me = await withTotp(app, await asUser(app));
    const strong = await strongly(me);
    const old = await aged(me, 301, strong);
    expect((await me.call('GET', '/api/v1/users/me', { token: old })).status).toBe(200);
    for (const [, request] of GUARDED) expect(outcome(await request(me, old))).toBe('401 step_up_required');
    expect(
      (await sends('POST', '/api/v1/api-keys', () => aKey({ scopes: ['data:write'] }))(me, await aged(me, 200, strong)))
        .status,
    ).toBe(201);
  });

  it('is not asked for a key that reads, and is for one that gets to write or a new secret of one that does', async () => {
    const me = await withTotp(app, await asUser(app));
    const reading = await withKey(app, me);
    const json = { scopes: ['data:write'] };
    expect(outcome(await me.call('PATCH', `/api/v1/api-keys/${reading.id}`, { json }))).toBe('401 step_up_required');
    const token = await strongly(me);
    expect((await me.call('PATCH', `/api/v1/api-keys/${reading.id}`, { json, token })).status).toBe(200);
    for (const [method, path] of [
      ['POST', `/api/v1/api-keys/${reading.id}/rotate`],
      ['PATCH', `/api/v1/api-keys/${reading.id}`],
    ] as const) {
      const change = method === 'PATCH' ? { allowedCidrs: [] } : {};
      expect(outcome(await me.call(method, path, { json: change }))).toBe('401 step_up_required');
      expect((await me.call(method, path, { json: change, token })).status).toBeLessThan(300);
    }
    expect((await me.call('DELETE', `/api/v1/api-keys/${reading.id}`)).status).toBe(204);
  });

  it('is asked from the moment on at which it is one, by a session that is older', async () => {
    const me = await asUser(app);
    const json = { email: aPerson().email, password: me.password };
    expect((await me.call('POST', '/api/v1/users/me/email', { json })).status).toBe(202);
    await withTotp(app, me);
    expect(outcome(await me.call('POST', '/api/v1/users/me/email', { json }))).toBe('401 step_up_required');
  });
});

describe('somebody without a second factor', () => {
  it.each(GUARDED.slice(0, 5))('gets %s without being asked again', async (_, request, done) => {
    const me = await asUser(app);
    const old = await aged(me, 3600);
    expect((await request(me, old)).status).toBe(done);
  });

  it('begins with one only soon after they have logged in, or proved again who they are', async () => {
    const me = await asUser(app);
    const old = await aged(me, 301);
    const { body } = await me.call('POST', '/api/v1/users/me/mfa/totp', { token: old });
    expect({ code: body.code, acrValues: body.acrValues }).toEqual({ code: 'step_up_required', acrValues: ['aal1'] });
    const up = await me.call('POST', '/api/v1/auth/step-up', { token: old, json: { password: me.password } });
    const begun = await me.call('POST', '/api/v1/users/me/mfa/totp', { token: up.body.access_token });
    expect(begun.status).toBe(201);
  });

  it('is of the weakest and oldest kind when the token says nothing', async () => {
    const me = await asUser(app);
    const token = await aged(me, null);
    expect((await me.call('GET', '/api/v1/users/me', { token })).status).toBe(200);
    expect(outcome(await me.call('POST', '/api/v1/users/me/mfa/totp', { token }))).toBe('401 step_up_required');
  });
});

describe('POST /api/v1/auth/step-up', () => {
  it('answers a token of the same session and no refresh token, and leaves the session as it was', async () => {
    const me = await withTotp(app, await asUser(app));
    const { status, body } = await stepUp(me, { code: await codeOf(me.secret) });
    expect({ status, members: Object.keys(body).toSorted() }).toEqual({
      status: 200,
      members: ['access_token', 'expires_in', 'scope', 'token_type'],
    });
    expect(claimsOf(body.access_token)).toMatchObject({ sid: me.sessionId, acr: 'aal2', sub: me.id });
    const refreshed = await app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token: me.refreshToken } });
    expect(claimsOf(refreshed.body.access_token)).toMatchObject({ sid: me.sessionId, acr: 'aal1' });
  });

  it('refuses what is wrong, used, or too much', async () => {
    const me = await withTotp(app, await asUser(app));
    const code = await codeOf(me.secret);
    expect(outcome(await stepUp(me, { password: aPerson().password }))).toBe('403 password_wrong');
    expect(outcome(await stepUp(me, { code: await codeOf(me.secret, 5) }))).toBe('401 mfa_invalid');
    for (const json of [{}, { code, password: me.password }]) {
      expect(outcome(await stepUp(me, json))).toBe('400 validation_failed');
    }
    expect(outcome(await stepUp(me, { code }))).toBe('200');
    expect(outcome(await stepUp(me, { code }))).toBe('401 mfa_invalid');
  });

  it('refuses a code where there is no factor, and a key', async () => {
    const me = await asUser(app);
    expect(outcome(await stepUp(me, { code: '123456' }))).toBe('401 mfa_invalid');
    const key = await withKey(app, me, { scopes: ['sessions:write'] });
    const json = { password: me.password };
    expect(outcome(await key.call('POST', '/api/v1/auth/step-up', { json }))).toBe('403 first_party_required');
  });
});
