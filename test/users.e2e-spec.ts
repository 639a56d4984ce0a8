import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asAuditor, asReader, asUser, type TestCaller, withKey } from './support/callers.js';
import { expectInvalid, notText } from './support/wrong-values.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const ME = '/api/v1/users/me';
const patchMe = (caller: Pick<TestCaller, 'call'>, json: unknown) => caller.call('PATCH', ME, { json });
const rowOf = async (id: string) => (await app.db.query('SELECT * FROM users WHERE id = $1', [id]))[0];

describe('GET /api/v1/users/me', () => {
  it('answers with the members of the contract and no other', async () => {
    const caller = await asUser(app);
    const { status, headers, body } = await caller.call('GET', ME);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    const names = 'id email emailVerified username displayName roles status createdAt updatedAt';
    expect(Object.keys(body).join(' ')).toBe(names);
    expect(body).toMatchObject({ id: caller.id, email: caller.email, username: null, displayName: null });
    expect(new Date(body.createdAt).toISOString()).toBe(body.createdAt);
  });

  it('answers a key of mine with me, if it holds profile:read', async () => {
    const owner = await asUser(app);
    const key = await withKey(app, owner, { scopes: ['profile:read'] });
    expect((await key.call('GET', ME)).body.id).toBe(owner.id);
    const other = await withKey(app, owner, { scopes: ['data:read'] });
    expect((await other.call('GET', ME)).body.code).toBe('insufficient_scope');
  });
});

describe('PATCH /api/v1/users/me', () => {
  it('changes username and display name, one without the other, and null removes', async () => {
    const caller = await asUser(app);
    expect((await patchMe(caller, { username: 'Åsa', displayName: 'Å' })).body).toMatchObject({
      username: 'Åsa',
      displayName: 'Å',
    });
    expect((await patchMe(caller, { displayName: null })).body).toMatchObject({ username: 'Åsa', displayName: null });
    expect((await patchMe(caller, { username: null })).body).toMatchObject({ username: null, displayName: null });
    expect((await patchMe(caller, {})).status).toBe(200);
  });

  it('never changes roles, status or address, whatever is sent', async () => {
    const caller = await asUser(app);
    const before = await rowOf(caller.id);
    const members = {
      roles: ['admin'],
      status: 'disabled',
      email: 'other@example.com',
      emailKey: 'other@example.com',
      email_key: 'other@example.com',
      emailVerified: true,
      emailVerifiedAt: new Date().toISOString(),
      id: (await asUser(app)).id,
      deletionDueAt: null,
      password: 'a new password of mine',
      createdAt: new Date(0).toISOString(),
    };
    for (const [name, value] of Object.entries(members)) {
      expectInvalid(await patchMe(caller, { displayName: 'x', [name]: value }), `/${name}`, name);
    }
    expect(await rowOf(caller.id)).toEqual(before);
  });

  it('refuses what is no username and what is no display name', async () => {
    const caller = await asUser(app);
    const usernames = ['ab', 'a'.repeat(51), ' abc', 'abc ', 'a', 'a\tbc', 'a\u200bbc', 'a\u2028bc'];
    const values = [...notText.filter((value) => value !== null), ''];
    for (const wrong of [...values, ...usernames]) {
      expectInvalid(await patchMe(caller, { username: wrong }), '/username', wrong);
    }
    for (const wrong of [...values, 'a'.repeat(101)]) {
      expectInvalid(await patchMe(caller, { displayName: wrong }), '/displayName', wrong);
    }
    for (const username of ['abc', 'a b', '名前あ', '\u{1f600}'.repeat(50), 'x'.repeat(50)]) {
      expect((await patchMe(caller, { username })).body.username).toBe(username);
    }
  });

  it('answers 409 for a username that is taken, also in other letters of the same name', async () => {
    const [holder, caller] = [await asUser(app), await asUser(app)];
    await patchMe(holder, { username: 'Straße K' });
    for (const username of ['Straße K', 'straße k', 'STRAßE K', 'Straße \u212a', 'Ｓtraße K']) {
      const { status, body } = await patchMe(caller, { username, displayName: 'not kept' });
      expect([username, status, body.code]).toEqual([username, 409, 'username_taken']);
      expect(body.detail).not.toContain(username);
    }
    expect((await caller.call('GET', ME)).body).toMatchObject({ username: null, displayName: null });
    expect((await patchMe(holder, { username: 'STRAßE K' })).body.username).toBe('STRAßE K');
  });

  it('gives a name that 20 want at once to one of them', async () => {
    const callers = await Promise.all(Array.from({ length: 20 }, () => asUser(app)));
    const answers = await Promise.all(callers.map((caller) => patchMe(caller, { username: 'wanted by all' })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'username_taken')).toHaveLength(19);
  });

  it('frees a name that is given up', async () => {
    const [holder, next] = [await asUser(app), await asUser(app)];
    await patchMe(holder, { username: 'handed over' });
    await patchMe(holder, { username: null });
    expect((await patchMe(next, { username: 'Handed Over' })).status).toBe(200);
  });

  it('is not for a reader', async () => {
    const { status, body } = await patchMe(await asReader(app), { displayName: 'x' });
    expect([status, body.code]).toEqual([403, 'insufficient_scope']);
  });
});

describe('GET /api/v1/users/:id', () => {
  it('shows any user to who holds users:read, and to nobody else', async () => {
    const [auditor, admin, user] = [await asAuditor(app), await asAdmin(app), await asUser(app)];
    const { body: me } = await user.call('GET', ME);
    for (const caller of [auditor, admin]) {
      const { status, body } = await caller.call('GET', `/api/v1/users/${user.id}`);
      expect([status, body]).toEqual([200, me]);
    }
    // Not even oneself: that is what /users/me is for.
    expect((await user.call('GET', `/api/v1/users/${user.id}`)).body.code).toBe('insufficient_scope');
  });

  it('answers 404 for an unknown id and 400 for what is none', async () => {
    const admin = await asAdmin(app);
    expect((await admin.call('GET', '/api/v1/users/019a0000-0000-7000-8000-000000000000')).status).toBe(404);
    for (const id of ['1', 'null', '%00', "'", `${admin.id}%20`]) {
      expect((await admin.call('GET', `/api/v1/users/${id}`)).status).toBe(400);
    }
  });
});
