import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asReader, asUser, login, type TestCaller, withKey } from './support/callers.js';
import { aPerson } from './support/factories.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ TRUSTED_PROXIES: '127.0.0.1' });
});
afterAll(() => app.stop());

const statusOf = async (caller: TestCaller) => (await caller.call('GET', '/api/v1/users/me')).status;
const refresh = (refresh_token: string) => app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token } });

interface SessionItem {
  id: string;
  client: string | null;
  network: string;
  current: boolean;
}
const sessionsOf = async (caller: TestCaller): Promise<SessionItem[]> =>
  (await caller.call('GET', '/api/v1/auth/sessions')).body.items;

/** The session of a login that sends these headers. */
async function sessionWith(headers: Record<string, string>): Promise<SessionItem | undefined> {
  const person = aPerson();
  await app.call('POST', '/api/v1/auth/register', { json: person });
  const { call } = app;
  const caller = await login({ call: (method, path, options) => call(method, path, { ...options, headers }) }, person);
  return (await sessionsOf(caller))[0];
}

/** One person in three places. */
async function threeSessions(): Promise<[TestCaller, TestCaller, TestCaller]> {
  const first = await asUser(app);
  return [first, await login(app, first), await login(app, first)];
}

describe('POST /api/v1/auth/logout', () => {
  it('ends this session and its refresh token at once, and no other session', async () => {
    const [first, second] = await threeSessions();
    expect(await statusOf(first)).toBe(200);
    const { status, text } = await first.call('POST', '/api/v1/auth/logout');
    expect([status, text]).toEqual([204, '']);
    const after = await first.call('GET', '/api/v1/users/me');
    expect([after.status, after.body.code]).toEqual([401, 'token_invalid']);
    expect((await refresh(first.refreshToken)).body.code).toBe('refresh_token_invalid');
    expect(await statusOf(second)).toBe(200);
  });

  it('answers 401 the second time', async () => {
    const caller = await asUser(app);
    await caller.call('POST', '/api/v1/auth/logout');
    expect((await caller.call('POST', '/api/v1/auth/logout')).status).toBe(401);
  });

  it('is open to a reader and takes no body', async () => {
    const reader = await asReader(app);
    expect((await reader.call('POST', '/api/v1/auth/logout', { json: { all: true } })).status).toBe(400);
    expect((await reader.call('POST', '/api/v1/auth/logout')).status).toBe(204);
  });
});

describe('GET /api/v1/auth/sessions', () => {
  it('lists my live sessions, the newest first, and marks this one', async () => {
    const [first, second, third] = await threeSessions();
    await asUser(app);
    await third.call('POST', '/api/v1/auth/logout');
    const { status, body } = await first.call('GET', '/api/v1/auth/sessions');
    expect([status, body.nextCursor]).toEqual([200, null]);
    expect(body.items.map(({ id, current }: SessionItem) => [id, current])).toEqual([
      [second.sessionId, false],
      [first.sessionId, true],
    ]);
    const shape = ['client', 'createdAt', 'current', 'expiresAt', 'id', 'lastUsedAt', 'network'];
    expect(Object.keys(body.items[0]).toSorted()).toEqual(shape);
  });

  it.each([
    ['an address of IPv4 as its /24', '203.0.113.77', '203.0.113.0/24'],
    ['an address of IPv6 as its /48', '2001:db8:7:8::9', '2001:db8:7::/48'],
    ['a mapped address as IPv4', '::ffff:198.51.100.9', '198.51.100.0/24'],
  ])('keeps %s', async (_, address, network) => {
    expect(await sessionWith({ 'x-forwarded-for': address })).toMatchObject({ network });
    const dump = await app.db.query<{ row: string }>('SELECT s::text AS row FROM sessions s');
    expect(dump.map(({ row }) => row).join('\n')).not.toContain(address);
  });

  it('keeps the user agent in printable ASCII, at most 200 characters of it', async () => {
    expect(await sessionWith({ 'user-agent': 'Client/1.0 (test)' })).toMatchObject({ client: 'Client/1.0 (test)' });
    expect(await sessionWith({ 'user-agent': 'Cl\u00efent\t/1' })).toMatchObject({ client: 'Clent/1' });
    expect(await sessionWith({ 'user-agent': 'a'.repeat(5000) })).toMatchObject({ client: 'a'.repeat(200) });
    expect(await sessionWith({ 'user-agent': '\u00e9' })).toMatchObject({ client: null });
  });

  it('leaves out what has expired', async () => {
    const [first, idle, old] = await threeSessions();
    const past = `now() - interval '1 second'`;
    await app.db.query(`UPDATE sessions SET idle_expires_at = ${past} WHERE id = $1`, [idle.sessionId]);
    await app.db.query(`UPDATE sessions SET expires_at = ${past} WHERE id = $1`, [old.sessionId]);
    expect((await sessionsOf(first)).map(({ id }) => id)).toEqual([first.sessionId]);
  });
});

describe('DELETE /api/v1/auth/sessions/:id', () => {
  it('ends that session alone', async () => {
    const [first, second, third] = await threeSessions();
    expect(await statusOf(second)).toBe(200);
    expect((await first.call('DELETE', `/api/v1/auth/sessions/${second.sessionId}`)).status).toBe(204);
    expect([await statusOf(first), await statusOf(second), await statusOf(third)]).toEqual([200, 401, 200]);
    expect((await refresh(second.refreshToken)).status).toBe(401);
    expect((await refresh(third.refreshToken)).status).toBe(200);
  });

  it('may end the session it is sent with', async () => {
    const caller = await asUser(app);
    expect((await caller.call('DELETE', `/api/v1/auth/sessions/${caller.sessionId}`)).status).toBe(204);
    expect(await statusOf(caller)).toBe(401);
  });

  it("answers 404 for another's session, an ended and an unknown one, and ends nothing", async () => {
    const [other, [first, second]] = [await asUser(app), await threeSessions()];
    await first.call('DELETE', `/api/v1/auth/sessions/${second.sessionId}`);
    for (const id of [other.sessionId, second.sessionId, '019a0000-0000-7000-8000-000000000000']) {
      const { status, body } = await first.call('DELETE', `/api/v1/auth/sessions/${id}`);
      expect([status, body.code]).toEqual([404, 'not_found']);
    }
    expect(await statusOf(other)).toBe(200);
  });

  it('answers 400 for what is no id', async () => {
    const caller = await asUser(app);
    for (const id of ['1', 'current', `${caller.sessionId}0`, `%7B${caller.sessionId}%7D`]) {
      expect((await caller.call('DELETE', `/api/v1/auth/sessions/${id}`)).status).toBe(400);
    }
    expect(await statusOf(caller)).toBe(200);
  });
});

describe('DELETE /api/v1/auth/sessions', () => {
  it("ends all my others, and nobody else's", async () => {
    const [other, [first, second, third]] = [await asUser(app), await threeSessions()];
    for (const each of [other, first, second, third]) expect(await statusOf(each)).toBe(200);
    expect((await second.call('DELETE', '/api/v1/auth/sessions')).status).toBe(204);
    expect([await statusOf(first), await statusOf(second), await statusOf(third)]).toEqual([401, 200, 401]);
    expect((await sessionsOf(second)).map(({ id }) => id)).toEqual([second.sessionId]);
    for (const { refreshToken } of [first, third]) expect((await refresh(refreshToken)).status).toBe(401);
    expect(await statusOf(other)).toBe(200);
    expect((await second.call('DELETE', '/api/v1/auth/sessions')).status).toBe(204);
  });
});

describe('a key of the person', () => {
  it('sees and ends no session', async () => {
    const owner = await asUser(app);
    const key = await withKey(app, owner, { scopes: ['sessions:read', 'sessions:write'] });
    const routes = [
      ['GET', '/api/v1/auth/sessions'],
      ['DELETE', '/api/v1/auth/sessions'],
      ['DELETE', `/api/v1/auth/sessions/${owner.sessionId}`],
      ['POST', '/api/v1/auth/logout'],
    ] as const;
    for (const [method, path] of routes) {
      const { status, body } = await key.call(method, path);
      expect([method, path, status, body.code]).toEqual([method, path, 403, 'first_party_required']);
    }
    expect(await statusOf(owner)).toBe(200);
  });
});
