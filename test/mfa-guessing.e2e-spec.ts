import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser } from './support/callers.js';
import { type Instance, startInstance } from './support/process.js';
import { challengeOf, codeOf, letCodesPass, withTotp, type WithTotp } from './support/totp.js';

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

const ATTACKER = { 'user-agent': 'Attacker/1' };

/** Guesses of every kind: with a challenge or a stolen session, by both instances, from a device that is known or not. */
async function guess(me: WithTotp, challenge: string, i: number): Promise<string> {
  const { call } = i % 2 ? second : app;
  const proof = i % 3 ? { code: String(100_000 + i) } : { recoveryCode: `AAAA-${i}` };
  const headers = i % 5 ? ATTACKER : {};
  const { status, body } =
    i % 7 || !proof.code
      ? await call('POST', '/api/v1/auth/login/mfa', { json: { challenge, ...proof }, headers })
      : await call('POST', '/api/v1/auth/step-up', { json: proof, token: me.token, headers });
  return `${status} ${body.code}`;
}

describe('200 guesses at the second factor of one account', () => {
  it('are compared ten times in fifteen minutes at most, and the others are 429 with a time to wait', async () => {
    const me = await withTotp(app, await asUser(app));
    const challenge = await challengeOf(app, me);
    const outcomes = await Promise.all(Array.from({ length: 200 }, (_, i) => guess(me, challenge, i)));
    const compared = outcomes.filter((each) => each === '401 mfa_invalid').length;
    expect(compared).toBeGreaterThan(0);
    expect(compared).toBeLessThanOrEqual(10);
    expect(outcomes.filter((each) => each === '429 rate_limited')).toHaveLength(200 - compared);
    const json = { challenge, code: '000000' };
    const { status, headers } = await app.call('POST', '/api/v1/auth/login/mfa', { json, headers: ATTACKER });
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('from elsewhere do not shut the owner out where they were signed in before', async () => {
    const me = await withTotp(app, await asUser(app));
    const challenge = await challengeOf(app, me);
    const answer = (code: string, headers = {}) =>
      app.call('POST', '/api/v1/auth/login/mfa', { json: { challenge, code }, headers });
    for (let i = 0; i < 20; i++) await answer(String(100_000 + i), ATTACKER);
    expect((await answer(await codeOf(me.secret), ATTACKER)).status).toBe(429);
    expect((await answer(await codeOf(me.secret))).status).toBe(200);
  });

  it('are forgotten when time has passed', async () => {
    const me = await withTotp(app, await asUser(app));
    const challenge = await challengeOf(app, me);
    for (let i = 0; i < 20; i++) await guess(me, challenge, 5 * i);
    await app.db.query(
      `UPDATE attempts SET counted_at = counted_at - interval '3 hours', retry_at = retry_at - interval '3 hours'`,
    );
    await letCodesPass(app, me.id);
    const json = { challenge, code: await codeOf(me.secret) };
    expect((await app.call('POST', '/api/v1/auth/login/mfa', { json, headers: ATTACKER })).status).toBe(200);
  });
});
