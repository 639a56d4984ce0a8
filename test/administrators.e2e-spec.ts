import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asAuditor, asUser, login, type TestCaller, withKey } from './support/callers.js';
import { aRecord } from './support/factories.js';
import type { Answer, Call } from './support/http.js';
import { type Instance, startInstance } from './support/process.js';
import { dumpTables } from './support/tables.js';
import { until } from '../scripts/lib/until.mjs';
import { expectInvalid, notText } from './support/wrong-values.js';

let app: TestApp;
let second: Instance;
let admin: TestCaller;

beforeAll(async () => {
  app = await startApp();
  second = await startInstance(app.settings);
  admin = await asAdmin(app);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
});

const path = (id: string) => `/api/v1/users/${id}`;
const patch = (id: string, json: unknown, caller: Pick<TestCaller, 'call'> = admin) =>
  caller.call('PATCH', path(id), { json });
const statusOf = async ({ token }: TestCaller) => (await app.call('GET', '/api/v1/users/me', { token })).status;

describe('PATCH /api/v1/users/:id', () => {
  it('changes roles and status, and what the person may do at once', async () => {
    const person = await asUser(app);
    expect((await person.call('GET', '/api/v1/users')).status).toBe(403);
    const { status, body } = await patch(person.id, { roles: ['user', 'auditor'] });
    expect([status, body.roles]).toEqual([200, ['user', 'auditor']]);
    const again = await login(app, person);
    expect((await again.call('GET', '/api/v1/users')).status).toBe(200);
    expect((await patch(person.id, { roles: ['reader'] })).status).toBe(200);
    expect((await again.call('GET', '/api/v1/users')).body.code).toBe('insufficient_scope');
    expect((await again.call('POST', '/api/v1/data', { json: aRecord() })).body.code).toBe('insufficient_scope');
  });

  it('ends every session of who is disabled, and login too, until they are active again', async () => {
    const person = await asUser(app);
    const elsewhere = await login(app, person);
    expect((await patch(person.id, { status: 'disabled' })).body.status).toBe('disabled');
    expect([await statusOf(person), await statusOf(elsewhere)]).toEqual([401, 401]);
    await expect(login(app, person)).rejects.toThrow('401');
    expect((await patch(person.id, { status: 'active' })).body.status).toBe('active');
    expect(await statusOf(person)).toBe(401);
    expect(await statusOf(await login(app, person))).toBe(200);
  });

  it('refuses wrong types, other members and unknown values, and writes nothing', async () => {
    const { id } = await asUser(app);
    const before = await dumpTables(app.db);
    for (const roles of [...notText, 'admin', ['root'], ['user', 'user'], [null]]) {
      expectInvalid(await patch(id, { roles }), '/roles', roles);
    }
    for (const status of [...notText, '', 'invited', 'deleted', 'ACTIVE']) {
      expectInvalid(await patch(id, { status }), '/status', status);
    }
    for (const name of ['email', 'password', 'username', 'displayName', 'id', 'emailVerified']) {
      expectInvalid(await patch(id, { [name]: 'x', status: 'disabled' }), `/${name}`, name);
    }
    expect(await dumpTables(app.db)).toEqual(before);
  });

  it('answers 404 for an unknown id, and refuses who is no administrator', async () => {
    expect((await patch('019a0000-0000-7000-8000-000000000000', { status: 'disabled' })).status).toBe(404);
    const { id } = await asUser(app);
    for (const caller of [await asAuditor(app), await asUser(app)]) {
      expect((await patch(id, { roles: ['admin'] }, caller)).body.code).toBe('role_required');
      expect((await patch(caller.id, { roles: ['admin'] }, caller)).body.code).toBe('role_required');
    }
    const key = await withKey(app, admin, { scopes: ['users:read'] });
    expect((await patch(id, { roles: ['admin'] }, key)).body.code).toBe('insufficient_scope');
  });
});

describe('DELETE /api/v1/users/:id', () => {
  it('takes everything of the person along, and keeps audit', async () => {
    const person = await asUser(app);
    await person.call('PATCH', '/api/v1/users/me', { json: { username: 'To Be Gone', displayName: 'Gone' } });
    await withKey(app, person);
    const headers = { 'idempotency-key': 'once' };
    const record = await person.call('POST', '/api/v1/data', { json: aRecord(), headers });
    await app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token: person.refreshToken } });
    expect((await admin.call('DELETE', path(person.id))).status).toBe(204);
    const dump = await dumpTables(app.db);
    const holding = (text: string) => [...dump].filter(([, rows]) => rows.includes(text)).map(([name]) => name);
    for (const text of [person.email, 'To Be Gone', record.body.name]) expect(holding(text)).toEqual([]);
    // A revocation is an id that every instance must hear of; it goes after a day.
    expect(holding(person.id).toSorted()).toEqual(['audit_events', 'revocations']);
    expect(holding(person.sessionId)).toEqual(['audit_events']);
    expect(await statusOf(person)).toBe(401);
    expect((await admin.call('DELETE', path(person.id))).status).toBe(404);
    await expect(login(app, person)).rejects.toThrow('401');
  });
});

describe('DELETE /api/v1/users/:id/sessions', () => {
  it("ends all sessions of that user, and nobody else's", async () => {
    const [person, other] = [await asUser(app), await asUser(app)];
    const elsewhere = await login(app, person);
    expect((await admin.call('DELETE', `${path(person.id)}/sessions`)).status).toBe(204);
    const all = [await statusOf(person), await statusOf(elsewhere), await statusOf(other)];
    expect(all).toEqual([401, 401, 200]);
    for (const refresh_token of [person.refreshToken, elsewhere.refreshToken]) {
      expect((await app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token } })).status).toBe(401);
    }
    expect(await statusOf(await login(app, person))).toBe(200);
    expect((await admin.call('DELETE', `${path('019a0000-0000-7000-8000-000000000000')}/sessions`)).status).toBe(404);
    expect((await person.call('DELETE', `${path(other.id)}/sessions`)).status).toBe(401);
    expect((await other.call('DELETE', `${path(person.id)}/sessions`)).body.code).toBe('role_required');
  });
});

const ways: Record<string, (call: Call, token: string, id: string) => Promise<Answer>> = {
  demoted: (call, token, id) => call('PATCH', path(id), { token, json: { roles: ['user'] } }),
  disabled: (call, token, id) => call('PATCH', path(id), { token, json: { status: 'disabled' } }),
  deleted: (call, token, id) => call('DELETE', path(id), { token }),
};

/** Leaves these administrators alone in the database. */
const onlyAdministrators = (...ids: string[]) =>
  app.db.query(`UPDATE users SET roles = '{user}' WHERE 'admin' = ANY (roles) AND id <> ALL ($1)`, [ids]);

describe('the last administrator', () => {
  it.each(Object.entries(ways))('cannot be %s, and stays what they are', async (_, act) => {
    const last = await asAdmin(app);
    await onlyAdministrators(last.id);
    const before = await app.db.query('SELECT * FROM users WHERE id = $1', [last.id]);
    const { status, body } = await act(app.call, last.token, last.id);
    expect([status, body.code]).toEqual([409, 'last_administrator']);
    expect(await app.db.query('SELECT * FROM users WHERE id = $1', [last.id])).toEqual(before);
    expect(await statusOf(last)).toBe(200);
  });

  it('may give up the role when there is another, but a disabled one does not count', async () => {
    const [first, other] = [await asAdmin(app), await asAdmin(app)];
    await onlyAdministrators(first.id, other.id);
    await patch(other.id, { status: 'disabled' }, first);
    expect((await patch(first.id, { roles: ['user'] }, first)).body.code).toBe('last_administrator');
    await patch(other.id, { status: 'active' }, first);
    expect((await patch(first.id, { roles: ['user'] }, first)).status).toBe(200);
  });
});

describe('two administrators who end each other at the same moment', () => {
  const locks = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

  /** All wait in the database for the same lock, so that none has read anything before another. */
  async function atOnce(requests: (() => Promise<Answer>)[]): Promise<Answer[]> {
    const gate = new pg.Client({ connectionString: app.db.adminUrl });
    await gate.connect();
    try {
      await gate.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('administrators', 0))`);
      const running = Promise.all(requests.map((request) => request()));
      await until(async () => (await gate.query(locks)).rows.length === requests.length, 10_000);
      await gate.query('COMMIT');
      return await running;
    } finally {
      await gate.end();
    }
  }

  const names = Object.keys(ways);
  const rounds = Array.from(
    { length: 20 },
    (_, i) => [i, names[i % 3] ?? '', names[Math.floor(i / 3) % 3] ?? ''] as const,
  );

  it.each(rounds)('leave exactly one (round %i: %s and %s)', async (_, one, another) => {
    const [first, other] = [await asAdmin(app), await asAdmin(app)];
    await onlyAdministrators(first.id, other.id);
    for (const { call } of [app, second]) {
      for (const { token } of [first, other]) expect((await call('GET', '/api/v1/users', { token })).status).toBe(200);
    }
    const answers = await atOnce([
      () => ways[one]?.(app.call, first.token, other.id) as Promise<Answer>,
      () => ways[another]?.(second.call, other.token, first.id) as Promise<Answer>,
    ]);
    expect(answers.map(({ status }) => Math.floor(status / 100)).toSorted()).toEqual([2, 4]);
    expect(answers.find(({ status }) => status >= 400)?.body.code).toBe('last_administrator');
    const left = await app.db.query(`SELECT 1 FROM users WHERE status = 'active' AND 'admin' = ANY (roles)`);
    expect(left).toHaveLength(1);
  });
});
