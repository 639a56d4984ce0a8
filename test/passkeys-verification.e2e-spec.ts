import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { FLAGS } from './support/authenticator.js';
import { asUser, type TestCaller } from './support/callers.js';
import { aDevice, assertionOf, signIn, withPasskey } from './support/passkeys.js';
import { asSteppedUp } from './support/tokens.js';

const PATH = '/api/v1/users/me/passkeys';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const noted = ({ id }: TestCaller) => app.db.query('SELECT uv_initialized FROM passkeys WHERE user_id = $1', [id]);

describe('whether the device of a passkey has ever asked who holds it', () => {
  it('is noted when it is made', async () => {
    const me = await asUser(app);
    await withPasskey(me);
    expect(await noted(me)).toEqual([{ uv_initialized: true }]);
  });

  it('is noted when it is used so for the first time, and stays', async () => {
    const [me, device] = [await asSteppedUp(app, await asUser(app)), aDevice()];
    const { body: options } = await me.call('POST', `${PATH}/options`);
    const json = { name: 'silent', response: device.create(options, { flags: FLAGS.present }) };
    expect((await me.call('POST', PATH, { json })).status).toBe(201);
    expect(await noted(me)).toEqual([{ uv_initialized: false }]);
    expect((await signIn(app.call, await assertionOf(app.call, device))).status).toBe(200);
    expect(await noted(me)).toEqual([{ uv_initialized: true }]);
    const { email, password } = me;
    const { body } = await app.call('POST', '/api/v1/auth/login', { json: { email, password } });
    const answer = { challenge: body.challenge, response: device.get(body.passkey, { flags: FLAGS.present }) };
    expect((await app.call('POST', '/api/v1/auth/login/mfa', { json: answer })).status).toBe(200);
    expect(await noted(me)).toEqual([{ uv_initialized: true }]);
  });
});
