import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../scripts/lib/until.mjs';
import { startApp, type TestApp } from './support/app.js';
import { asUser, claimsOf } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { hold, waitingBackends } from './support/locks.js';
import { type Instance, startInstance } from './support/process.js';
import { challengeOf, codeOf, letCodesPass, withTotp } from './support/totp.js';

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

const answer = (json: object, { call }: Pick<TestApp, 'call'> = app) =>
  call('POST', '/api/v1/auth/login/mfa', { json });
const aMember = async () => withTotp(app, await asUser(app));
const fifty = <T>(work: (call: Pick<TestApp, 'call'>, i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 50 }, (_, i) => work(i % 2 ? second : app, i)));
const sessionsOf = async (userId: string) =>
  Number((await app.db.query<{ n: string }>('SELECT count(*) AS n FROM sessions WHERE user_id = $1', [userId]))[0]?.n);

describe('POST /api/v1/auth/login of somebody with a second factor', () => {
  it('is 401 mfa_required with a challenge and the ways to answer it, and begins no session', async () => {
    const me = await aMember();
    const before = await sessionsOf(me.id);
    const json = { email: me.email, password: me.password };
    const { status, body, headers } = await app.call('POST', '/api/v1/auth/login', { json });
    expect({ status, code: body.code, methods: body.methods }).toEqual({
      status: 401,
      code: 'mfa_required',
      methods: ['totp', 'recovery_code'],
    });
    expect(body.challenge).toMatch(/^[\w-]{43}$/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('www-authenticate')).toMatch(/^Bearer /);
    expect(await sessionsOf(me.id)).toBe(before);
  });

  it('says nothing of it for a wrong password', async () => {
    const { email } = await aMember();
    const { status, body } = await app.call('POST', '/api/v1/auth/login', { json: aPerson({ email }) });
    expect({ status, code: body.code, challenge: body.challenge }).toEqual({
      status: 401,
      code: 'credentials_invalid',
      challenge: undefined,
    });
  });
});

describe('POST /api/v1/auth/login', () => {
  it.each([
    ['of somebody with a second factor', aMember],
    ['of somebody without', () => asUser(app)],
  ])('%s comes too late when the password was changed while it waited', async (_, make) => {
    const me = await make();
    const before = await sessionsOf(me.id);
    const release = await hold(
      app.db,
      `WITH locked AS (SELECT id FROM users WHERE id = $1 FOR UPDATE)
       UPDATE passwords SET changed_at = changed_at + interval '1 second' FROM locked WHERE user_id = locked.id`,
      [me.id],
    );
    const login = app.call('POST', '/api/v1/auth/login', { json: { email: me.email, password: me.password } });
    await waitingBackends(app.db);
    await release('COMMIT');
    const { status, body } = await login;
    expect([status, body.code, await sessionsOf(me.id)]).toEqual([401, 'credentials_invalid', before]);
    expect(await app.db.query('SELECT 1 FROM challenges WHERE user_id = $1', [me.id])).toEqual([]);
  });
});

describe('a second factor', () => {
  it('is asked for on every instance within a second of being turned on', async () => {
    const me = await asUser(app);
    // Changes nothing, of which an instance would hear.
    const guarded = () => second.call('POST', '/api/v1/users/me/passkeys/options', { token: me.token });
    expect((await guarded()).status).toBe(200);
    await withTotp(app, me);
    await until(async () => (await guarded()).body.code === 'step_up_required', 1000);
  });
});

describe('POST /api/v1/auth/login/mfa', () => {
  it('lets in with a code, on another instance too, and the token says how', async () => {
    const me = await aMember();
    const challenge = await challengeOf(app, me);
    const { status, body } = await answer({ challenge, code: await codeOf(me.secret) }, second);
    expect(status).toBe(200);
    const { acr, auth_time: time } = claimsOf(body.access_token);
    expect(acr).toBe('aal2');
    expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(60);
    const refreshed = await app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token: body.refresh_token } });
    expect(claimsOf(refreshed.body.access_token)).toMatchObject({ acr: 'aal2', auth_time: time });
  });

  it.each([-1, 1])('takes a code %i step away', async (steps) => {
    const me = await aMember();
    const { status } = await answer({ challenge: await challengeOf(app, me), code: await codeOf(me.secret, steps) });
    expect(status).toBe(200);
  });

  it.each([-2, 2])('refuses a code %i steps away, and the challenge can be answered again', async (steps) => {
    const me = await aMember();
    const challenge = await challengeOf(app, me);
    const wrong = await answer({ challenge, code: await codeOf(me.secret, steps) });
    expect({ status: wrong.status, code: wrong.body.code }).toEqual({ status: 401, code: 'mfa_invalid' });
    expect((await answer({ challenge, code: await codeOf(me.secret) })).status).toBe(200);
  });

  it('takes each code once, and none of a step before it', async () => {
    const me = await aMember();
    const [now, before] = [await codeOf(me.secret), await codeOf(me.secret, -1)];
    expect((await answer({ challenge: await challengeOf(app, me), code: now })).status).toBe(200);
    const challenge = await challengeOf(app, me);
    for (const code of [now, before]) expect((await answer({ challenge, code })).body.code).toBe('mfa_invalid');
  });

  it('takes a code with the space that people see in it', async () => {
    const me = await aMember();
    const code = (await codeOf(me.secret)).replace(/^.../, '$& ');
    expect((await answer({ challenge: await challengeOf(app, me), code })).status).toBe(200);
  });

  it('lets one of 50 win who use a code at once, each with a challenge of their own, over two processes', async () => {
    const me = await aMember();
    const challenges = await inserted(me.id, 50);
    const code = await codeOf(me.secret);
    const answers = await fifty((call, i) => answer({ challenge: challenges[i], code }, call));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('lets one of ten win who answer a challenge at once, each with a recovery code of their own, over two processes', async () => {
    const me = await aMember();
    const challenge = await challengeOf(app, me);
    const before = await sessionsOf(me.id);
    const answers = await Promise.all(
      me.recoveryCodes.map((recoveryCode, i) => answer({ challenge, recoveryCode }, i % 2 ? second : app)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessionsOf(me.id)).toBe(before + 1);
  });

  it('lets one of 50 win who use a recovery code at once, over two processes, and the owner is told once', async () => {
    const me = await aMember();
    const challenges = await inserted(me.id, 50);
    const [recoveryCode] = me.recoveryCodes;
    const answers = await fifty((call, i) => answer({ challenge: challenges[i], recoveryCode }, call));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const told = `SELECT 1 FROM security_events WHERE user_id = $1 AND kind = 'mfa.recovery_code_used'`;
    expect(await app.db.query(told, [me.id])).toHaveLength(1);
  });

  it('takes a recovery code as somebody types it', async () => {
    const me = await aMember();
    const typed = ` ${String(me.recoveryCodes[3]).replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l').toLowerCase()}`;
    expect((await answer({ challenge: await challengeOf(app, me), recoveryCode: typed })).status).toBe(200);
  });

  it('refuses a challenge that is over, answered, somebody else’s kind, or none', async () => {
    const me = await aMember();
    const over = await challengeOf(app, me);
    await app.db.query('UPDATE challenges SET expires_at = now() WHERE user_id = $1', [me.id]);
    const answered = await challengeOf(app, me);
    await answer({ challenge: answered, code: await codeOf(me.secret) });
    await letCodesPass(app, me.id);
    for (const challenge of [over, answered, me.refreshToken, 'x'.repeat(43)]) {
      const { status, body } = await answer({ challenge, code: await codeOf(me.secret) });
      expect({ status, code: body.code }).toEqual({ status: 401, code: 'challenge_invalid' });
    }
  });

  it('refuses another person’s code', async () => {
    const [me, other] = [await aMember(), await aMember()];
    const challenge = await challengeOf(app, me);
    expect((await answer({ challenge, code: await codeOf(other.secret) })).status).toBe(401);
    expect((await answer({ challenge, recoveryCode: other.recoveryCodes[0] })).status).toBe(401);
  });

  it('ends with a change of the password, or the person', async () => {
    const me = await aMember();
    const challenge = await challengeOf(app, me);
    const up = await me.call('POST', '/api/v1/auth/step-up', { json: { code: await codeOf(me.secret) } });
    const json = { currentPassword: me.password, newPassword: aPerson().password };
    expect((await me.call('POST', '/api/v1/users/me/password', { json, token: up.body.access_token })).status).toBe(
      204,
    );
    await letCodesPass(app, me.id);
    expect((await answer({ challenge, code: await codeOf(me.secret) })).body.code).toBe('challenge_invalid');

    const gone = await aMember();
    const theirs = await challengeOf(app, gone);
    await app.db.query(`UPDATE users SET status = 'disabled' WHERE id = $1`, [gone.id]);
    expect((await answer({ challenge: theirs, code: await codeOf(gone.secret) })).status).toBe(401);
  });

  it.each([
    {},
    { code: '123456', recoveryCode: 'X' },
    { code: 123456 },
    { recoveryCode: '' },
    { code: '123456', more: 1 },
  ])('is 400 for %j', async (proof) => {
    const me = await aMember();
    const { status, body } = await answer({ challenge: await challengeOf(app, me), ...proof });
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'validation_failed' });
  });
});

/** Challenges without a login each, which would count as so many attempts. */
async function inserted(userId: string, count: number): Promise<string[]> {
  const challenges = Array.from({ length: count }, () => aPerson().password.padEnd(43, 'x'));
  for (const challenge of challenges) {
    await app.db.query(
      `INSERT INTO challenges VALUES (sha256(convert_to($1, 'UTF8')), 'second_factor', $2, now() + interval '1 minute')`,
      [challenge, userId],
    );
  }
  return challenges;
}
