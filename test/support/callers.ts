import type { Reached } from './app.js';
import { aKey, aPerson } from './factories.js';
import type { Answer, RequestOptions } from './http.js';

/** Somebody who can call: a verb in front of each request, and what their credential is. */
export interface TestCaller {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
  readonly refreshToken: string;
  readonly sessionId: string;
  readonly call: (method: string, path: string, options?: RequestOptions) => Promise<Answer>;
}

/** Registers and logs in, with these roles. */
export async function asUser({ call, db }: Reached, roles: string[] = ['user']): Promise<TestCaller> {
  const person = aPerson();
  await call('POST', '/api/v1/auth/register', { json: person });
  if (roles.join() !== 'user') await db.query('UPDATE users SET roles = $1 WHERE email = $2', [roles, person.email]);
  return login({ call }, person);
}

/** Logs in a person that exists. */
export async function login(
  { call }: Pick<Reached, 'call'>,
  { email, password }: { email: string; password: string },
): Promise<TestCaller> {
  const { status, body } = await call('POST', '/api/v1/auth/login', { json: { email, password } });
  if (status !== 200) throw new Error(`login answered ${status}`);
  return callerWith({ call }, { email, password }, body);
}

/** A person with the tokens of a response. */
export function callerWith(
  { call }: Pick<Reached, 'call'>,
  { email, password }: { email: string; password: string },
  body: Answer['body'],
): TestCaller {
  const { sub, sid } = claimsOf(body.access_token);
  return {
    id: String(sub),
    email,
    password,
    token: body.access_token,
    refreshToken: body.refresh_token,
    sessionId: String(sid),
    call: (method, path, options = {}) => call(method, path, { token: body.access_token, ...options }),
  };
}

export const asAdmin = (app: Reached): Promise<TestCaller> => asUser(app, ['admin']);
export const asAuditor = (app: Reached): Promise<TestCaller> => asUser(app, ['auditor']);
export const asReader = (app: Reached): Promise<TestCaller> => asUser(app, ['reader']);

/** Makes a key of this owner and calls with it. */
export async function withKey(app: Reached, owner: TestCaller, overrides: Record<string, unknown> = {}) {
  const { status, body } = await owner.call('POST', '/api/v1/api-keys', { json: aKey(overrides) });
  if (status !== 201) throw new Error(`the key was not made: ${status} ${JSON.stringify(body)}`);
  const { id, key } = body as { id: string; key: string };
  return {
    id,
    key,
    call: (method: string, path: string, options: RequestOptions = {}) => app.call(method, path, { key, ...options }),
  };
}

export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}
