import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { type Falsehood, FLAGS } from './support/authenticator.js';
import { asAdmin, asUser, callerWith, claimsOf, type TestCaller } from './support/callers.js';
import { assertionOf, signIn, withPasskey } from './support/passkeys.js';
import { type Instance, startInstance } from './support/process.js';
import { withTotp } from './support/totp.js';

let app: TestApp;
let second: Instance;
beforeAll(async () => {
  app = await startApp();
  second = await startInstance(app.settings);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
});

/** Somebody whose password answers with a challenge, and their device. */
async function aMember() {
  const me = await asUser(app);
  return { me, ...(await withPasskey(me)) };
}
const logIn = async ({ email, password }: TestCaller) =>
  (await app.call('POST', '/api/v1/auth/login', { json: { email, password } })).body;
const answer = (challenge: string, response: unknown, { call }: Pick<TestApp, 'call'> = app) =>
  call('POST', '/api/v1/auth/login/mfa', { json: { challenge, response } });
/** It is enough to have the device: the password was asked for before. */
const UNVERIFIED: Falsehood = { flags: FLAGS.present };

describe('a passkey as a second factor', () => {
  it('lets in on another instance, whoever unlocked the device, with options of the login or of nobody', async () => {
    const { me, device } = await aMember();
    const { challenge, methods, passkey } = await logIn(me);
    expect([methods, passkey.allowCredentials.map(({ id }: { id: string }) => id)]).toEqual([
      ['passkey', 'recovery_code'],
      [device.id],
    ]);
    const { status, body } = await answer(challenge, device.get(passkey, UNVERIFIED), second);
    expect([status, claimsOf(body.access_token)]).toMatchObject([200, { sub: me.id, acr: 'aal2' }]);
    const again = await logIn(me);
    expect((await answer(again.challenge, await assertionOf(app.call, device, UNVERIFIED))).status).toBe(200);
  });

  it('is no passkey of somebody else, no answer to a challenge of somebody else, and none that was given before', async () => {
    const [mine, other] = [await aMember(), await aMember()];
    const { challenge } = await logIn(mine.me);
    const theirs = await logIn(other.me);
    const used = await assertionOf(app.call, mine.device, { counter: 0 });
    expect((await signIn(app.call, used)).status).toBe(200);
    for (const response of [
      await assertionOf(app.call, other.device),
      other.device.get(theirs.passkey),
      mine.device.get(theirs.passkey),
      used,
    ]) {
      const { status, body } = await answer(challenge, response);
      expect([status, body.code]).toEqual([401, 'mfa_invalid']);
    }
  });

  it('of 50 uses at once lets one in, over two processes', async () => {
    const { me, device } = await aMember();
    const { challenge, passkey } = await logIn(me);
    const response = device.get(passkey, { counter: 0 });
    const all = Array.from({ length: 50 }, (_, i) => answer(challenge, response, i % 2 ? second : app));
    expect((await Promise.all(all)).filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('stands beside one-time passwords, and is not in question when those are turned off', async () => {
    const { me, device } = await aMember();
    const { body } = await signIn(app.call, await assertionOf(app.call, device));
    const strong = callerWith(app, me, body);
    await withTotp(app, strong);
    expect((await strong.call('GET', '/api/v1/users/me/mfa')).body.methods).toEqual([
      'totp',
      'passkey',
      'recovery_code',
    ]);
    expect((await strong.call('DELETE', '/api/v1/users/me/mfa/totp')).status).toBe(204);
    const { body: state } = await strong.call('GET', '/api/v1/users/me/mfa');
    expect(state).toMatchObject({ enabled: true, methods: ['passkey', 'recovery_code'], recoveryCodesLeft: 10 });
    expect((await logIn(me)).code).toBe('mfa_required');
  });

  it('comes with recovery codes when it is the first factor, and they go with the last', async () => {
    const me = await asUser(app);
    const { recoveryCodes = [] } = await withPasskey(me);
    expect(recoveryCodes).toHaveLength(10);
    const { challenge } = await logIn(me);
    const json = { challenge, recoveryCode: recoveryCodes[0] };
    const entered = await app.call('POST', '/api/v1/auth/login/mfa', { json });
    const strong = callerWith(app, me, entered.body);
    expect((await strong.call('GET', '/api/v1/users/me/mfa')).body.recoveryCodesLeft).toBe(9);
    expect((await withPasskey(strong, 'Another')).recoveryCodes).toBeUndefined();
    for (const each of (await strong.call('GET', '/api/v1/users/me/passkeys')).body.items) {
      expect((await strong.call('DELETE', `/api/v1/users/me/passkeys/${each.id}`)).status).toBe(204);
    }
    expect((await strong.call('GET', '/api/v1/users/me/mfa')).body).toMatchObject({
      enabled: false,
      recoveryCodesLeft: 0,
    });
    expect((await logIn(me)).access_token).toMatch(/^ey/);
  });

  it('goes with the others when an administrator takes them', async () => {
    const { me, device } = await aMember();
    const { body } = await signIn(app.call, await assertionOf(app.call, device));
    const admin = await asAdmin(app);
    expect((await admin.call('DELETE', `/api/v1/users/${me.id}/mfa`)).status).toBe(204);
    expect((await me.call('GET', '/api/v1/users/me/passkeys', { token: body.access_token })).body.items).toEqual([]);
    expect((await signIn(app.call, await assertionOf(app.call, device))).status).toBe(401);
    expect((await logIn(me)).access_token).toMatch(/^ey/);
  });
});
