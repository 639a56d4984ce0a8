import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asAuditor, asUser, login, type TestCaller, withKey } from './support/callers.js';
import { runCommand } from './support/command.js';
import { aPerson } from './support/factories.js';
import { startInstance } from './support/process.js';
import { dumpTables, tablesWith } from './support/tables.js';
import { expectInvalid, notText } from './support/wrong-values.js';

let app: TestApp;
let admin: TestCaller;

beforeAll(async () => {
  app = await startApp();
  admin = await asAdmin(app);
});
afterAll(() => app.stop());

const invite = (json: unknown, caller: Pick<TestCaller, 'call'> = admin) =>
  caller.call('POST', '/api/v1/users', { json });
const accept = (token: string, password: string) =>
  app.call('POST', '/api/v1/auth/invitations/accept', { json: { token, password } });
const tokenIn = (url: string): string => /^http:\/\/localhost:3000\/invitation#token=([\w-]{43})$/.exec(url)?.[1] ?? '';

/** An invited person with the token of the link. */
async function anInvited(members: Record<string, unknown> = {}) {
  const { email, password } = aPerson();
  const { status, body } = await invite({ email, ...members });
  expect(status).toBe(201);
  return { id: body.id as string, email, password, token: tokenIn(body.invitationUrl) };
}

describe('POST /api/v1/users', () => {
  it('invites a person, and shows the link this once', async () => {
    const { email } = aPerson();
    const members = { email, username: 'Invited One', displayName: 'Invited', roles: ['auditor', 'user'] };
    const { status, headers, body } = await invite(members);
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(body).toMatchObject({ ...members, status: 'invited', emailVerified: false });
    expect(tokenIn(body.invitationUrl)).toHaveLength(43);
    const { invitationUrl: _, ...user } = body;
    expect((await admin.call('GET', `/api/v1/users/${body.id}`)).body).toEqual(user);
  });

  it('gives the role user where none is named', async () => {
    const { id } = await anInvited();
    expect((await admin.call('GET', `/api/v1/users/${id}`)).body.roles).toEqual(['user']);
  });

  it('answers 409 for a taken address or username, in whatever form, and writes nothing', async () => {
    const taken = await asUser(app);
    await taken.call('PATCH', '/api/v1/users/me', { json: { username: 'Taken' } });
    const before = await dumpTables(app.db);
    const byAddress = await invite({ email: taken.email.toUpperCase() });
    expect([byAddress.status, byAddress.body.code]).toEqual([409, 'email_taken']);
    const byName = await invite({ email: aPerson().email, username: 'TAKEN' });
    expect([byName.status, byName.body.code]).toEqual([409, 'username_taken']);
    expect(await dumpTables(app.db)).toEqual(before);
  });

  it('is for administrators with users:write', async () => {
    const weak = await withKey(app, admin, { scopes: ['users:read'] });
    for (const caller of [await asAuditor(app), await asUser(app)]) {
      expect((await invite({ email: aPerson().email }, caller)).body.code).toBe('role_required');
    }
    expect((await invite({ email: aPerson().email }, weak)).body.code).toBe('insufficient_scope');
  });

  it('refuses wrong types, unknown roles and a password for somebody else', async () => {
    const { email } = aPerson();
    for (const wrong of notText) {
      for (const name of ['email', 'username', 'displayName']) {
        expectInvalid(await invite({ email, [name]: wrong }), `/${name}`, wrong);
      }
    }
    for (const roles of [...notText, 'admin', [], ['root'], ['user', 'user'], [['user']], ['constructor']]) {
      expectInvalid(await invite({ email, roles }), '/roles', roles);
    }
    for (const name of ['password', 'status', 'id'])
      expectInvalid(await invite({ email, [name]: 'x' }), `/${name}`, name);
    expect((await invite({ email })).status).toBe(201);
  });
});

describe('POST /api/v1/auth/invitations/accept', () => {
  it('activates the person with the password of their choice, once', async () => {
    const { email, password, token, id } = await anInvited({ roles: ['reader'] });
    expect((await app.call('POST', '/api/v1/auth/login', { json: { email, password } })).status).toBe(401);
    const { status, text } = await accept(token, password);
    expect([status, text]).toEqual([204, '']);
    const caller = await login(app, { email, password });
    expect((await caller.call('GET', '/api/v1/users/me')).body).toMatchObject({
      id,
      roles: ['reader'],
      status: 'active',
    });
    const again = await accept(token, aPerson().password);
    expect([again.status, again.body.code]).toEqual([400, 'invitation_invalid']);
    expect((await login(app, { email, password })).id).toBe(id);
  });

  it('lets one of 50 win who use a link at once, and keeps the password of that one', async () => {
    const { email, token } = await anInvited();
    const passwords = Array.from({ length: 50 }, () => aPerson().password);
    const answers = await Promise.all(passwords.map((password) => accept(token, password)));
    const won = passwords.filter((_, i) => answers[i]?.status === 204);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ body }) => body?.code === 'invitation_invalid')).toHaveLength(49);
    expect((await login(app, { email, password: won[0] ?? '' })).email).toBe(email);
  });

  it('refuses an expired, an invented and a changed link', async () => {
    const { id, password, token } = await anInvited();
    const invented = aPerson().password.padEnd(43, 'x');
    for (const each of [invented, token.toLowerCase(), `${token}=`, ` ${token}`]) {
      expect((await accept(each, password)).body.code).toBe('invitation_invalid');
    }
    await app.db.query(`UPDATE invitations SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [id]);
    expect((await accept(token, password)).body.code).toBe('invitation_invalid');
    expect((await admin.call('GET', `/api/v1/users/${id}`)).body.status).toBe('invited');
  });

  it('refuses the link of somebody who was disabled or deleted meanwhile', async () => {
    const [disabled, deleted] = [await anInvited(), await anInvited()];
    await admin.call('PATCH', `/api/v1/users/${disabled.id}`, { json: { status: 'disabled' } });
    await admin.call('DELETE', `/api/v1/users/${deleted.id}`);
    for (const { token, password } of [disabled, deleted]) {
      expect((await accept(token, password)).body.code).toBe('invitation_invalid');
    }
    expect((await admin.call('GET', `/api/v1/users/${disabled.id}`)).body.status).toBe('disabled');
  });

  it('is not skipped by an administrator: invited becomes active by accepting alone', async () => {
    const { id, email, password, token } = await anInvited();
    const { status, body } = await admin.call('PATCH', `/api/v1/users/${id}`, { json: { status: 'active' } });
    expect([status, body.status]).toEqual([200, 'invited']);
    expect((await accept(token, password)).status).toBe(204);
    expect((await login(app, { email, password })).id).toBe(id);
  });

  it('costs a refused password nothing: the link stays good', async () => {
    const { token, password } = await anInvited();
    expect((await accept(token, 'too short')).body.code).toBe('validation_failed');
    expect((await accept(token, password)).status).toBe(204);
  });
});

describe('the token of an invitation', () => {
  it('is in no table and in no line of the log', async () => {
    const instance = await startInstance({ ...app.settings, LOG_LEVEL: 'trace' });
    const lines: string[] = [];
    instance.child.stdout?.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
    try {
      const { email, password } = aPerson();
      const { body } = await instance.call('POST', '/api/v1/users', { token: admin.token, json: { email } });
      const token = tokenIn(body.invitationUrl);
      expect(token).toHaveLength(43);
      expect(await tablesWith(app.db, token)).toEqual([]);
      await instance.call('POST', '/api/v1/auth/invitations/accept', { json: { token: `${token}x`, password } });
      const path = `/api/v1/auth/invitations/accept?token=${token}`;
      await instance.call('POST', path, { json: { token, password } });
      await instance.call('POST', '/api/v1/auth/invitations/accept', { json: { token, password } });
      expect(await tablesWith(app.db, token)).toEqual([]);
      await instance.stop();
      const log = lines.join('');
      expect(log).toContain('/api/v1/auth/invitations/accept');
      for (const secret of [token, email, password]) expect(log).not.toContain(secret);
    } finally {
      await instance.stop();
    }
  });
});

describe('in production, without mail', () => {
  it('an invitation is 503 mail_unavailable, and nobody is created', async () => {
    const settings = { ...app.settings, NODE_ENV: 'production', PUBLIC_URL: 'https://api.example.com' };
    const email = aPerson().email;
    const { code, stdout } = await runCommand('admin-create', [email], settings);
    expect(code).toBe(0);
    const password = /^password +(\S+)$/m.exec(stdout)?.[1] ?? '';
    const instance = await startInstance(settings);
    try {
      const root = await login(instance, { email, password });
      const before = await dumpTables(app.db);
      const { status, headers, body } = await invite({ email: aPerson().email }, root);
      expect([status, body.code]).toEqual([503, 'mail_unavailable']);
      expect(headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await dumpTables(app.db)).toEqual(before);
    } finally {
      await instance.stop();
    }
  });
});
