import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller, withKey } from './support/callers.js';
import { aKey, aPerson, aRecord } from './support/factories.js';
import type { Answer, RequestOptions } from './support/http.js';
import { dumpTables } from './support/tables.js';

let app: TestApp;
let admin: TestCaller;
let user: TestCaller;
let other: TestCaller;
/** Paths of a record and a key of the user's, and of a deleted record. */
let record: string;
let deleted: string;
let key: Awaited<ReturnType<typeof withKey>>;

const NOBODY = '019a0000-0000-7000-8000-000000000000';
const anyVersion = { headers: { 'if-match': '*' } };
const once = { headers: { 'idempotency-key': 'once' } };
const repeated = aRecord();

beforeAll(async () => {
  app = await startApp();
  [user, other] = [await asUser(app), await asUser(app)];
  admin = await asAdmin(app);
  const make = async () => `/api/v1/data/${(await user.call('POST', '/api/v1/data', { json: aRecord() })).body.id}`;
  [record, deleted] = [await make(), await make()];
  await user.call('DELETE', deleted, anyVersion);
  await user.call('POST', '/api/v1/data', { json: repeated, ...once });
  await other.call('PATCH', '/api/v1/users/me', { json: { username: 'taken name' } });
  key = await withKey(app, user, { scopes: ['data:read', 'data:write'] });
});
afterAll(() => app.stop());

const auth = (path: string, json: object) => () => app.call('POST', `/api/v1/auth/${path}`, { json });
const by = (who: () => Pick<TestCaller, 'call'>) => (method: string, path: () => string, options: RequestOptions) => {
  return () => who().call(method, path(), options);
};
const [asMe, asOther, asBoss, withMyKey] = [by(() => user), by(() => other), by(() => admin), by(() => key)];
const at = (path: string) => () => `/api/v1/${path}`;
const ofKey = () => `/api/v1/api-keys/${key.id}`;
const stale = { json: { name: 'x' }, headers: { 'if-match': '"99"' } };
const restricted = aRecord({ classification: 'restricted' });

/** What is refused behind the guards, or answered without a change. The access matrix has what guards refuse. */
const REFUSED: Readonly<Record<string, () => Promise<Answer>>> = {
  '202 where the address is taken': () => auth('register', aPerson({ email: user.email }))(),
  '401 credentials_invalid': () => auth('login', { email: user.email, password: 'not the password' })(),
  '401 refresh_token_invalid': auth('refresh', { refresh_token: 'x'.repeat(43) }),
  '400 invitation_invalid': auth('invitations/accept', { token: 'x', password: aPerson().password }),
  '404 not_found of a session': asMe('DELETE', at(`auth/sessions/${NOBODY}`), {}),
  '409 username_taken': asMe('PATCH', at('users/me'), { json: { username: 'Taken Name' } }),
  '403 password_wrong': asMe('POST', at('users/me/deletion'), { json: { password: 'not the password' } }),
  '409 email_taken': () => admin.call('POST', '/api/v1/users', { json: { email: user.email } }),
  '404 not_found of a user': asBoss('PATCH', at(`users/${NOBODY}`), { json: { status: 'disabled' } }),
  '404 not_found of a deletion': asBoss('DELETE', at(`users/${NOBODY}`), {}),
  '404 not_found of sessions': asBoss('DELETE', at(`users/${NOBODY}/sessions`), {}),
  '409 last_administrator': () => admin.call('PATCH', `/api/v1/users/${admin.id}`, { json: { roles: ['user'] } }),
  '409 last_administrator, deleted': () => admin.call('DELETE', `/api/v1/users/${admin.id}`),
  '403 scope_not_held': asMe('POST', at('api-keys'), { json: aKey({ scopes: ['users:write'] }) }),
  "404 not_found of another's key": asOther('PATCH', ofKey, { json: { name: 'x' } }),
  "404 not_found of another's rotation": asOther('POST', () => `${ofKey()}/rotate`, { json: {} }),
  "404 not_found of another's key, deleted": asOther('DELETE', ofKey, {}),
  '400 validation_failed': asMe('POST', at('data'), { json: aRecord({ name: '' }) }),
  '403 insufficient_scope': withMyKey('POST', at('data'), { json: restricted }),
  '403 insufficient_scope of a change': withMyKey('PATCH', () => record, {
    json: { classification: 'restricted' },
    ...anyVersion,
  }),
  '428 precondition_required': asMe('PATCH', () => record, { json: { name: 'x' } }),
  '412 precondition_failed': asMe('PATCH', () => record, stale),
  '412 precondition_failed, deleted': asMe('DELETE', () => record, { headers: stale.headers }),
  '200 of a patch without members': asMe('PATCH', () => record, { json: {}, ...anyVersion }),
  "404 not_found of another's record": asOther('PATCH', () => record, { json: { name: 'x' }, ...anyVersion }),
  "404 not_found of another's record, restored": asOther('POST', () => `${deleted}/restore`, {}),
  '409 not_deleted': asMe('POST', () => `${record}/restore`, {}),
  '422 idempotency_key_reused': asMe('POST', at('data'), { json: aRecord(), ...once }),
  '201 of a repeated request': asMe('POST', at('data'), { json: repeated, ...once }),
};

describe('what changed nothing is not audited', () => {
  it.each(Object.entries(REFUSED))('%s', async (title, send) => {
    const before = (await dumpTables(app.db)).get('audit_events');
    const { status, body } = await send();
    const [, expected, code] = /^(\d+) ?(\w+_\w+)?/.exec(title) ?? [];
    expect([String(status), body.code]).toEqual([expected, code]);
    expect((await dumpTables(app.db)).get('audit_events')).toBe(before);
  });
});
