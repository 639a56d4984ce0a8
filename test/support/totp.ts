import { Secret, TOTP } from 'otpauth';
import { until } from '../../scripts/lib/until.mjs';
import type { Reached } from './app.js';
import { claimsOf, type TestCaller } from './callers.js';

const STEP_MS = 30_000;
/** Longer than a request takes: a code that is counted from this step shall arrive in it. */
const LATE_MS = 5_000;

/** Somebody with one-time passwords; `token` is of a session that began before they were turned on. */
export interface WithTotp extends TestCaller {
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

/** The code of a secret in base 32, some steps of 30 seconds from now. */
export async function codeOf(secret: string, steps = 0): Promise<string> {
  await until(() => Date.now() % STEP_MS < STEP_MS - LATE_MS, LATE_MS * 2);
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * STEP_MS });
}

/** Lets the time pass after which a code of this moment is a new one. */
export async function letCodesPass({ db }: Pick<Reached, 'db'>, userId: string): Promise<void> {
  await db.query('UPDATE totp_factors SET last_step = 0 WHERE user_id = $1', [userId]);
}

/** Turns one-time passwords on, some time ago. */
export async function withTotp(app: Pick<Reached, 'db'>, person: TestCaller): Promise<WithTotp> {
  const { status: begun, body: setup } = await person.call('POST', '/api/v1/users/me/mfa/totp');
  if (begun !== 201) throw new Error(`no secret: ${begun} ${JSON.stringify(setup)}`);
  const json = { code: await codeOf(setup.secret) };
  const { status, body } = await person.call('POST', '/api/v1/users/me/mfa/totp/confirm', { json });
  if (status !== 200) throw new Error(`one-time passwords were not turned on: ${status} ${JSON.stringify(body)}`);
  await letCodesPass(app, person.id);
  return { ...person, secret: setup.secret, recoveryCodes: body.recoveryCodes };
}

/** Whether the person may have a second factor at all: a reader changes nothing. */
export const mayHaveFactor = ({ token }: TestCaller): boolean =>
  String(claimsOf(token)['scope']).includes('profile:write');

/** The same person in the same session, just after they have shown their second factor. */
export async function steppedUp(app: Reached, member: WithTotp): Promise<WithTotp> {
  await letCodesPass(app, member.id);
  const json = { code: await codeOf(member.secret) };
  const { status, body } = await member.call('POST', '/api/v1/auth/step-up', { json });
  if (status !== 200) throw new Error(`no step-up: ${status} ${JSON.stringify(body)}`);
  await letCodesPass(app, member.id);
  const token = String(body.access_token);
  return {
    ...member,
    token,
    call: (method, path, options = {}) => app.call(method, path, { token, ...options }),
  };
}

/** The challenge of a login with the right password. */
export async function challengeOf(
  { call }: Pick<Reached, 'call'>,
  { email, password }: Pick<TestCaller, 'email' | 'password'>,
): Promise<string> {
  const { status, body } = await call('POST', '/api/v1/auth/login', { json: { email, password } });
  if (status !== 401 || body.code !== 'mfa_required') throw new Error(`login answered ${status} ${body.code}`);
  return body.challenge;
}
