import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret, TOTP, URI } from 'otpauth';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, login, type TestCaller, withKey } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { dumpTables } from './support/tables.js';
import { challengeOf, codeOf, steppedUp, withTotp } from './support/totp.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const MFA = '/api/v1/users/me/mfa';
const eventsOf = async (userId: string) =>
  (
    await app.db.query<{ kind: string }>('SELECT kind FROM security_events WHERE user_id = $1 ORDER BY id', [userId])
  ).map(({ kind }) => kind);
const auditOf = async (userId: string) =>
  (
    await app.db.query<{ action: string }>('SELECT action FROM audit_events WHERE target_id = $1 ORDER BY at, id', [
      userId,
    ])
  ).map(({ action }) => action);

describe('POST /api/v1/users/me/mfa/totp', () => {
  it('gives a secret of 160 bits, the same as a URL and as a picture', async () => {
    const me = await asUser(app);
    const { status, body } = await me.call('POST', `${MFA}/totp`);
    expect(status).toBe(201);
    const totp = URI.parse(body.otpauthUrl) as TOTP;
    expect(totp.secret.base32).toBe(body.secret);
    expect(Secret.fromBase32(body.secret).bytes).toHaveLength(20);
    expect({ issuer: totp.issuer, label: totp.label }).toEqual({ issuer: 'Rampart', label: me.email });
    expect(totp).toMatchObject({ algorithm: 'SHA1', digits: 6, period: 30 });
    const svg = Buffer.from(String(body.qr).split('base64,')[1] ?? '', 'base64').toString();
    expect(body.qr).toMatch(/^data:image\/svg\+xml;base64,/);
    expect(svg).toMatch(
      /^<svg viewBox="0 0 (\d+) \1"[^>]*><rect width="100%" height="100%" fill="#fff"\/><path d="M4 4[\s\S]*<\/svg>$/,
    );
  });

  it('is no factor before a code of it was shown, and gives way to a newer one', async () => {
    const me = await asUser(app);
    const first = await me.call('POST', `${MFA}/totp`);
    expect((await me.call('GET', MFA)).body).toEqual({
      enabled: false,
      methods: [],
      totpSince: null,
      recoveryCodesLeft: 0,
    });
    expect((await login(app, me)).id).toBe(me.id);
    await me.call('POST', `${MFA}/totp`);
    const json = { code: await codeOf(first.body.secret) };
    const { status, body } = await me.call('POST', `${MFA}/totp/confirm`, { json });
    expect({ status, code: body.code, errors: body.errors }).toMatchObject({
      status: 400,
      code: 'validation_failed',
      errors: [{ pointer: '/code', code: 'one_time_code' }],
    });
  });

  it('is 409 when they are on, and changes nothing', async () => {
    const me = await withTotp(app, await asUser(app));
    const code = await codeOf(me.secret);
    const up = await me.call('POST', '/api/v1/auth/step-up', { json: { code } });
    const again = await me.call('POST', `${MFA}/totp`, { token: up.body.access_token });
    expect({ status: again.status, code: again.body.code }).toEqual({ status: 409, code: 'conflict' });
    expect((await me.call('GET', MFA)).body.methods).toEqual(['totp', 'recovery_code']);
  });
});

describe('POST /api/v1/users/me/mfa/totp/confirm', () => {
  it('turns them on, gives ten codes, tells the owner, and is audited', async () => {
    const me = await withTotp(app, await asUser(app));
    expect(new Set(me.recoveryCodes).size).toBe(10);
    for (const code of me.recoveryCodes) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/);
    const { body } = await me.call('GET', MFA);
    expect(body).toMatchObject({ enabled: true, methods: ['totp', 'recovery_code'], recoveryCodesLeft: 10 });
    expect(Date.parse(body.totpSince)).toBeLessThanOrEqual(Date.now());
    expect(await eventsOf(me.id)).toEqual(['mfa.totp_enabled']);
    expect(await auditOf(me.id)).toContain('totp.enabled');
  });

  it('stores neither the secret nor a code in clear', async () => {
    const me = await withTotp(app, await asUser(app));
    const raw = Buffer.from(Secret.fromBase32(me.secret).bytes).toString('hex');
    const text = JSON.stringify([...(await dumpTables(app.db))]);
    expect(text).toContain(me.email);
    for (const secret of [me.secret, raw, ...me.recoveryCodes]) expect(text).not.toContain(secret);
    // A sealed secret opens for its own person alone.
    const other = await withTotp(app, await asUser(app));
    await app.db.query(
      'UPDATE totp_factors SET sealed_secret = (SELECT sealed_secret FROM totp_factors WHERE user_id = $1) WHERE user_id = $2',
      [other.id, me.id],
    );
    const json = { challenge: await challengeOf(app, me), code: await codeOf(other.secret) };
    expect((await app.call('POST', '/api/v1/auth/login/mfa', { json })).status).toBe(500);
  });

  it('takes a code with the space that people see in it', async () => {
    const me = await asUser(app);
    const { body } = await me.call('POST', `${MFA}/totp`);
    const json = { code: (await codeOf(body.secret)).replace(/^.../, '$& ') };
    expect((await me.call('POST', `${MFA}/totp/confirm`, { json })).status).toBe(200);
  });

  it.each(['12345', '1234567', 'abcdef', 123456, null, '１２３４５６', ' 123456'])(
    'refuses %j for its form',
    async (code) => {
      const me = await asUser(app);
      await me.call('POST', `${MFA}/totp`);
      const { status, body } = await me.call('POST', `${MFA}/totp/confirm`, { json: { code } });
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'validation_failed' });
    },
  );
});

describe('DELETE /api/v1/users/me/mfa/totp', () => {
  it('turns them off with the recovery codes, and login asks for the password alone', async () => {
    const me = await withTotp(app, await asUser(app));
    const up = await me.call('POST', '/api/v1/auth/step-up', { json: { code: await codeOf(me.secret) } });
    expect((await me.call('DELETE', `${MFA}/totp`, { token: up.body.access_token })).status).toBe(204);
    expect((await me.call('GET', MFA)).body).toMatchObject({ enabled: false, recoveryCodesLeft: 0 });
    expect((await login(app, me)).id).toBe(me.id);
    expect(await eventsOf(me.id)).toEqual(['mfa.totp_enabled', 'mfa.totp_disabled']);
    const again = await me.call('DELETE', `${MFA}/totp`, { token: up.body.access_token });
    expect(again.status).toBe(404);
  });
});

describe('POST /api/v1/users/me/mfa/recovery-codes', () => {
  it('gives ten new ones and ends the old ones', async () => {
    const me = await withTotp(app, await asUser(app));
    const up = await me.call('POST', '/api/v1/auth/step-up', { json: { code: await codeOf(me.secret) } });
    const { status, body } = await me.call('POST', `${MFA}/recovery-codes`, { token: up.body.access_token });
    expect({ status, count: body.recoveryCodes.length }).toEqual({ status: 201, count: 10 });
    const answer = async (recoveryCode: string) =>
      app.call('POST', '/api/v1/auth/login/mfa', { json: { challenge: await challengeOf(app, me), recoveryCode } });
    expect((await answer(me.recoveryCodes[0] ?? '')).status).toBe(401);
    expect((await answer(body.recoveryCodes[0])).status).toBe(200);
  });

  it('is 409 where there is no factor that they could stand in for', async () => {
    const me = await asUser(app);
    expect((await me.call('POST', `${MFA}/recovery-codes`)).status).toBe(409);
    expect((await me.call('GET', MFA)).body.recoveryCodesLeft).toBe(0);
  });
});

describe('POST /api/v1/auth/password/reset', () => {
  it('keeps the second factor: who reads the mail has not got that', async () => {
    const me = await withTotp(app, await asUser(app));
    const [token, { password }] = ['t'.repeat(43), aPerson()];
    // Whoever claims what nobody had proved to be theirs gets it without the factor of somebody else.
    await app.db.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [me.id]);
    await app.db.query(
      `INSERT INTO email_tokens (hash, mail_id, user_id, purpose, email, expires_at)
       SELECT sha256(convert_to($1, 'UTF8')), gen_random_uuid(), id, 'reset_password', email, now() + interval '1 minute'
       FROM users WHERE id = $2`,
      [token, me.id],
    );
    expect((await app.call('POST', '/api/v1/auth/password/reset', { json: { token, password } })).status).toBe(204);
    const json = { challenge: await challengeOf(app, { ...me, password }), code: await codeOf(me.secret) };
    expect((await app.call('POST', '/api/v1/auth/login/mfa', { json })).status).toBe(200);
  });
});

describe('DELETE /api/v1/users/:id/mfa', () => {
  it('takes every factor, tells the owner, and is audited with who did it', async () => {
    const admin = await asAdmin(app);
    const me = await withTotp(app, await asUser(app));
    expect((await admin.call('DELETE', `/api/v1/users/${me.id}/mfa`)).status).toBe(204);
    expect((await login(app, me)).id).toBe(me.id);
    expect((await me.call('GET', MFA)).body).toMatchObject({ enabled: false, recoveryCodesLeft: 0 });
    expect((await eventsOf(me.id)).at(-1)).toBe('mfa.reset');
    const [row] = await app.db.query<{ actor: string }>(
      `SELECT actor_id AS actor FROM audit_events WHERE action = 'user.mfa_reset' AND target_id = $1`,
      [me.id],
    );
    expect(row?.actor).toBe(admin.id);
  });

  it('is asked for the factor of who does it, is no way to lose one’s own, and no business of a key', async () => {
    const admin = await asAdmin(app);
    const key = await withKey(app, admin, { scopes: ['users:write'] });
    const [strong, me] = [await withTotp(app, admin), await withTotp(app, await asUser(app))];
    const reset = async (call: TestCaller['call'], id: string) =>
      (await call('DELETE', `/api/v1/users/${id}/mfa`)).body?.code;
    expect(await reset(admin.call, me.id)).toBe('step_up_required');
    expect(await reset(key.call, me.id)).toBe('first_party_required');
    expect(await reset((await steppedUp(app, strong)).call, admin.id)).toBe('conflict');
    for (const { call } of [admin, me]) expect((await call('GET', MFA)).body.enabled).toBe(true);
  });

  it('is 404 for somebody who does not exist', async () => {
    const admin = await asAdmin(app);
    const { status } = await admin.call('DELETE', '/api/v1/users/01890000-0000-7000-8000-000000000000/mfa');
    expect(status).toBe(404);
  });
});
