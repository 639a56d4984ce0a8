import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller, withKey } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { dumpTables } from './support/tables.js';

let app: TestApp;
let admin: TestCaller;
let person: TestCaller;
/** An administrator's key that may manage people and nothing else. */
let narrow: Awaited<ReturnType<typeof withKey>>;

beforeAll(async () => {
  app = await startApp();
  admin = await asAdmin(app);
  person = await asUser(app);
  narrow = await withKey(app, admin, { scopes: ['users:write'] });
});
afterAll(() => app.stop());

const grant = (by: Pick<TestCaller, 'call'>, roles: readonly string[], id = person.id) =>
  by.call('PATCH', `/api/v1/users/${id}`, { json: { roles } });
const invite = (by: Pick<TestCaller, 'call'>, roles?: readonly string[]) =>
  by.call('POST', '/api/v1/users', { json: { email: aPerson().email, roles } });

describe('a role given by a key', () => {
  it.each(['admin', 'auditor'])('is refused when %s holds what the key does not, and nothing changes', async (role) => {
    const before = await dumpTables(app.db);
    for (const { status, body } of [await grant(narrow, ['user', role]), await invite(narrow, [role])]) {
      expect([status, body.code]).toEqual([403, 'scope_not_held']);
      expect(body.detail).toContain('audit:read');
    }
    expect(await dumpTables(app.db)).toEqual(before);
  });

  it('is given when it is no more than everybody gets, or than the key holds', async () => {
    for (const roles of [['reader'], ['user', 'reader']]) expect((await grant(narrow, roles)).status).toBe(200);
    for (const roles of [undefined, ['reader']]) expect((await invite(narrow, roles)).status).toBe(201);
    const wide = await withKey(app, admin, { scopes: ['users:write', 'users:read', 'audit:read'] });
    for (const roles of [['auditor'], ['user', 'admin']]) expect((await grant(wide, roles)).status).toBe(200);
  });

  it('stays where the person had it before, and may be taken', async () => {
    const other = await asAdmin(app);
    expect((await grant(narrow, ['admin', 'reader'], other.id)).status).toBe(200);
    expect((await grant(narrow, ['reader'], other.id)).status).toBe(200);
  });
});
