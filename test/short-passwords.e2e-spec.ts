import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, login } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { type Instance, startInstance } from './support/process.js';
import { challengeOf, codeOf, letCodesPass, steppedUp, withTotp, type WithTotp } from './support/totp.js';

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

const aShortOne = () => randomBytes(6).toString('base64url');
const change = (me: WithTotp, currentPassword: string, newPassword: string, token = me.token) =>
  me.call('POST', '/api/v1/users/me/password', { json: { currentPassword, newPassword }, token });
const strongly = async (me: WithTotp): Promise<string> => (await steppedUp(app, me)).token;
/** Somebody with a second factor and a password of eight characters. */
async function aMember(): Promise<WithTotp> {
  const me = await withTotp(app, await asUser(app));
  const password = aShortOne();
  expect((await change(me, me.password, password, await strongly(me))).status).toBe(204);
  await letCodesPass(app, me.id);
  return { ...me, password };
}
const choose = (challenge: string, password: string, { call }: Pick<TestApp, 'call'> = app) =>
  call('POST', '/api/v1/auth/login/password', { json: { challenge, password } });
async function withoutMfa(me: WithTotp): Promise<string> {
  expect((await me.call('DELETE', '/api/v1/users/me/mfa/totp', { token: await strongly(me) })).status).toBe(204);
  const { status, body } = await app.call('POST', '/api/v1/auth/login', {
    json: { email: me.email, password: me.password },
  });
  expect({ status, code: body.code }).toEqual({ status: 401, code: 'password_change_required' });
  return body.challenge;
}

describe('a password of eight characters', () => {
  it('is for who has a second factor', async () => {
    const me = await aMember();
    const json = { challenge: await challengeOf(app, me), code: await codeOf(me.secret) };
    expect((await app.call('POST', '/api/v1/auth/login/mfa', { json })).status).toBe(200);
    const tooShort = await change(me, me.password, 'Wq7-tz9', await strongly(me));
    expect(tooShort.body.errors).toMatchObject([{ pointer: '/newPassword', code: 'password' }]);
  });

  it('is refused without one, in a change as in a registration', async () => {
    const me = await asUser(app);
    const json = { currentPassword: me.password, newPassword: aShortOne() };
    const { status, body } = await me.call('POST', '/api/v1/users/me/password', { json });
    expect({ status, errors: body.errors }).toMatchObject({
      status: 400,
      errors: [{ pointer: '/newPassword', code: 'password', detail: expect.stringContaining('15 to 128') }],
    });
    expect((await app.call('POST', '/api/v1/auth/register', { json: aPerson({ password: aShortOne() }) })).status).toBe(
      400,
    );
  });

  it('may not be common', async () => {
    const me = await withTotp(app, await asUser(app));
    const { body } = await change(me, me.password, 'sunshine1', await strongly(me));
    expect(body.errors).toMatchObject([{ pointer: '/newPassword', code: 'password_common' }]);
  });
});

describe('POST /api/v1/auth/login/password', () => {
  it('asks for a longer one at the login after the second factor is gone', async () => {
    const me = await aMember();
    const challenge = await withoutMfa(me);
    const short = await choose(challenge, aShortOne());
    expect(short.body.errors).toMatchObject([{ pointer: '/password', code: 'password' }]);
    const { password } = aPerson();
    expect((await choose(challenge, password, second)).status).toBe(204);
    expect((await login(app, { email: me.email, password })).id).toBe(me.id);
    expect((await choose(challenge, aPerson().password)).body.code).toBe('challenge_invalid');
    const told = `SELECT 1 FROM security_events WHERE user_id = $1 AND kind = 'password.changed'`;
    expect(await app.db.query(told, [me.id])).toHaveLength(2);
  });

  it('is asked after an administrator took the factors as well', async () => {
    const [admin, me] = [await asAdmin(app), await aMember()];
    await admin.call('DELETE', `/api/v1/users/${me.id}/mfa`);
    const json = { email: me.email, password: me.password };
    expect((await app.call('POST', '/api/v1/auth/login', { json })).body.code).toBe('password_change_required');
  });

  it('lets one of 50 at once win, over two processes', async () => {
    const me = await aMember();
    const challenge = await withoutMfa(me);
    const passwords = Array.from({ length: 50 }, () => aPerson().password);
    const answers = await Promise.all(passwords.map((each, i) => choose(challenge, each, i % 2 ? second : app)));
    const won = answers.flatMap(({ status }, i) => (status === 204 ? [passwords[i] ?? ''] : []));
    expect(won).toHaveLength(1);
    expect((await login(app, { email: me.email, password: won[0] ?? '' })).id).toBe(me.id);
  });

  it('is over for who has a second factor by then', async () => {
    const me = await aMember();
    const challenge = await withoutMfa(me);
    await app.db.query(`INSERT INTO totp_factors (user_id, sealed_secret, confirmed_at) VALUES ($1, '\\x00', now())`, [
      me.id,
    ]);
    expect((await choose(challenge, aPerson().password)).body.code).toBe('challenge_invalid');
  });

  it('ends every session that began before', async () => {
    const me = await aMember();
    const challenge = await withoutMfa(me);
    await choose(challenge, aPerson().password);
    expect((await me.call('GET', '/api/v1/users/me')).status).toBe(401);
  });
});
