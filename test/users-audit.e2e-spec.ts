import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, login, type TestCaller } from './support/callers.js';
import { aPerson } from './support/factories.js';
import type { Answer } from './support/http.js';

let app: TestApp;
let admin: TestCaller;

beforeAll(async () => {
  app = await startApp();
  admin = await asAdmin(app);
});
afterAll(() => app.stop());

interface AuditRow {
  actor_kind: string;
  actor_id: string | null;
  credential_id: string | null;
  action: string;
  target_id: string | null;
  details: Record<string, unknown> | null;
}

/** The rows that a request has written. */
const rowsOf = ({ headers }: Answer): Promise<AuditRow[]> =>
  app.db.query<AuditRow>(
    `SELECT actor_kind, actor_id, credential_id, action, target_id, details FROM audit_events
     WHERE request_id = $1 ORDER BY id`,
    [headers.get('x-request-id')],
  );

const by = ({ id, sessionId }: TestCaller) => ({ actor_kind: 'user', actor_id: id, credential_id: sessionId });
const nobody = { actor_kind: 'anonymous', actor_id: null, credential_id: null };

describe('what an administrator does to a user', () => {
  it('is audited with actor, credential, action, target and request', async () => {
    const person = await asUser(app);
    const path = `/api/v1/users/${person.id}`;
    const invited = await admin.call('POST', '/api/v1/users', { json: { email: aPerson().email, roles: ['reader'] } });
    const changed = await admin.call('PATCH', path, { json: { roles: ['reader'], status: 'disabled' } });
    const ended = await admin.call('DELETE', `${path}/sessions`);
    const deleted = await admin.call('DELETE', path);
    const target = { ...by(admin), target_id: person.id };
    const invitation = { ...by(admin), action: 'user.invited', target_id: invited.body.id };
    expect(await rowsOf(invited)).toEqual([{ ...invitation, details: { roles: ['reader'] } }]);
    const details = { roles: ['reader'], status: 'disabled' };
    expect(await rowsOf(changed)).toEqual([{ ...target, action: 'user.updated', details }]);
    const sessions = { ...by(admin), action: 'session.ended', target_id: null, details: { userId: person.id } };
    expect(await rowsOf(ended)).toEqual([sessions]);
    expect(await rowsOf(deleted)).toEqual([{ ...target, action: 'user.deleted', details: null }]);
  });
});

describe('what people do to their own account', () => {
  it('is audited from registration to logout', async () => {
    const person = aPerson();
    const registered = await app.call('POST', '/api/v1/auth/register', { json: person });
    const loggedIn = await app.call('POST', '/api/v1/auth/login', {
      json: { email: person.email, password: person.password },
    });
    const caller = await login(app, person);
    const changed = await caller.call('PATCH', '/api/v1/users/me', { json: { displayName: 'Me', username: 'me me' } });
    const leaving = await caller.call('POST', '/api/v1/users/me/deletion', { json: { password: person.password } });
    const staying = await caller.call('DELETE', '/api/v1/users/me/deletion');
    const left = await caller.call('POST', '/api/v1/auth/logout');

    const me = { ...by(caller), target_id: caller.id, details: null };
    expect(await rowsOf(registered)).toEqual([{ ...me, ...nobody, action: 'user.registered' }]);
    expect(await rowsOf(loggedIn)).toMatchObject([{ action: 'session.started', details: { userId: caller.id } }]);
    const fields = { fields: ['username', 'displayName'] };
    expect(await rowsOf(changed)).toEqual([{ ...me, action: 'user.updated', details: fields }]);
    expect(await rowsOf(leaving)).toEqual([{ ...me, action: 'user.deletion_requested' }]);
    expect(await rowsOf(staying)).toEqual([{ ...me, action: 'user.deletion_undone' }]);
    expect(await rowsOf(left)).toEqual([{ ...me, action: 'session.ended', target_id: caller.sessionId }]);
  });
});
