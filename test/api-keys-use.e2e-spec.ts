import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey } from '../src/api-keys/api-key-format.js';
import { KeyUsage } from '../src/api-keys/key-usage.js';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller, withKey } from './support/callers.js';
import { recordQueries } from './support/queries.js';
import { until } from '../scripts/lib/until.mjs';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ TRUSTED_PROXIES: '127.0.0.1' });
});
afterAll(() => app.stop());

const KEYS = '/api/v1/api-keys';
const PROFILE = { scopes: ['profile:read'] };
const use = (key: string, headers: Record<string, string> = {}) =>
  app.call('GET', '/api/v1/users/me', { key, headers });
const works = async (key: string) => (await use(key)).status === 200;
const rotate = (owner: TestCaller, id: string, json: unknown = {}) =>
  owner.call('POST', `${KEYS}/${id}/rotate`, { json });
const countWorking = async (keys: string[]) => (await Promise.all(keys.map(works))).filter(Boolean).length;
const secretsOf = (id: string) =>
  app.db.query(`SELECT 1 FROM api_key_secrets WHERE key_id = $1 AND (expires_at IS NULL OR expires_at > now())`, [id]);

/** Moves an end in the database into the past; the change through the API makes every instance look again. */
async function expire(owner: TestCaller, id: string, sql: string): Promise<void> {
  await app.db.query(sql, [id]);
  expect((await owner.call('PATCH', `${KEYS}/${id}`, { json: { name: 'looked at again' } })).status).toBe(200);
}

describe('what a key may do', () => {
  it('is never more than its owner may at the moment, and comes back with the role', async () => {
    const [admin, owner] = [await asAdmin(app), await asAdmin(app)];
    const key = await withKey(app, owner, { scopes: ['users:read', 'data:write', 'profile:read'] });
    const post = { json: { name: 'x', classification: 'public', content: 1 } };
    const statuses = async () => [
      (await key.call('GET', '/api/v1/users')).status,
      (await key.call('POST', '/api/v1/data', post)).status,
      (await key.call('GET', '/api/v1/users/me')).status,
    ];
    const become = (...roles: string[]) => admin.call('PATCH', `/api/v1/users/${owner.id}`, { json: { roles } });
    expect(await statuses()).toEqual([200, 201, 200]);
    await become('user');
    expect(await statuses()).toEqual([403, 201, 200]);
    await become('reader');
    expect(await statuses()).toEqual([403, 403, 200]);
    await become('auditor');
    expect(await statuses()).toEqual([200, 403, 200]);
    const { body } = await owner.call('GET', `${KEYS}/${key.id}`);
    expect(body.code).toBe('insufficient_scope');
    await become('admin');
    expect(await statuses()).toEqual([200, 201, 200]);
  });
});

describe('when a key is refused like an unknown one', () => {
  it('is from its expiry on, without anybody telling', async () => {
    const owner = await asUser(app);
    const expiry = Date.now() + 700;
    const { key } = await withKey(app, owner, { ...PROFILE, expiresAt: new Date(expiry).toISOString() });
    expect(await works(key)).toBe(true);
    await until(async () => !(await works(key)), 2000);
    expect(Date.now()).toBeGreaterThanOrEqual(expiry);
    expect((await use(key)).body.code).toBe('key_invalid');
  });

  it('is outside its networks, whatever an untrusted header claims', async () => {
    const owner = await asUser(app);
    const allowedCidrs = ['203.0.113.0/25', '2001:db8:1::/48', '198.51.100.7'];
    const { key } = await withKey(app, owner, { ...PROFILE, allowedCidrs });
    const from = async (address: string) => (await use(key, { 'x-forwarded-for': address })).status;
    for (const inside of ['203.0.113.5', '::ffff:203.0.113.5', '2001:db8:1:ffff::1', '198.51.100.7']) {
      expect([inside, await from(inside)]).toEqual([inside, 200]);
    }
    for (const outside of ['203.0.113.128', '2001:db8:2::1', '198.51.100.8', '203.0.113.5, 192.0.2.1']) {
      expect([outside, await from(outside)]).toEqual([outside, 401]);
    }
    const { status, body } = await use(key);
    expect([status, body.code]).toEqual([401, 'key_invalid']);
    expect(body.detail).toBe((await use(createApiKey('test').key)).body.detail);
  });

  it('is where it does not exist, is of another environment or has another secret', async () => {
    const owner = await asUser(app);
    const { key } = await withKey(app, owner, PROFILE);
    const strangers = [
      createApiKey('test').key,
      createApiKey('test', key.slice(9, 21)).key,
      createApiKey('live', key.slice(9, 21)).key,
      key.toUpperCase(),
      `${key} `.repeat(2).trim(),
    ];
    for (const text of strangers) expect((await use(text)).body.code).toBe('key_invalid');
    expect((await app.call('GET', '/api/v1/users/me', { token: key })).body.code).toBe('token_invalid');
    expect((await app.call('GET', `/api/v1/users/me?api_key=${key}`)).body.code).toBe('authentication_required');
  });
});

describe("a key's own limit", () => {
  it('counts its requests alone', async () => {
    const owner = await asUser(app);
    const limited = await withKey(app, owner, { ...PROFILE, rateLimit: '3/hour' });
    const other = await withKey(app, owner, PROFILE);
    const statuses = [];
    for (let i = 0; i < 5; i += 1) statuses.push((await use(limited.key)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect(await works(other.key)).toBe(true);
    expect((await owner.call('GET', '/api/v1/users/me')).status).toBe(200);
  });
});

describe('POST /api/v1/api-keys/:id/rotate', () => {
  it('keeps the resource and ends the old secret at once', async () => {
    const owner = await asUser(app);
    const { id, key } = await withKey(app, owner, { ...PROFILE, rateLimit: '1000/hour' });
    const before = (await owner.call('GET', `${KEYS}/${id}`)).body;
    expect(await works(key)).toBe(true);
    const { status, body } = await rotate(owner, id);
    expect(status).toBe(201);
    const { key: next, updatedAt: _, ...view } = body;
    expect(view).toEqual({ ...before, updatedAt: undefined, lastUsedAt: view.lastUsedAt });
    expect([next.slice(0, 21), next === key]).toEqual([key.slice(0, 21), false]);
    expect([await works(key), await works(next)]).toEqual([false, true]);
  });

  it('lets both live for the overlap, and the old one not a moment longer', async () => {
    const owner = await asUser(app);
    const { id, key } = await withKey(app, owner, PROFILE);
    const { body } = await rotate(owner, id, { overlapSeconds: 604_800 });
    expect([await works(key), await works(body.key)]).toEqual([true, true]);
    const past = `UPDATE api_key_secrets SET expires_at = now() - interval '1 second' WHERE key_id = $1 AND expires_at IS NOT NULL`;
    await expire(owner, id, past);
    expect([await works(key), await works(body.key)]).toEqual([false, true]);
  });

  it('ends the overlap by itself, where the key is remembered too', async () => {
    const owner = await asUser(app);
    const { id, key } = await withKey(app, owner, PROFILE);
    const { body } = await rotate(owner, id, { overlapSeconds: 1 });
    expect(await works(key)).toBe(true);
    await until(async () => !(await works(key)), 3000);
    expect(await works(body.key)).toBe(true);
  });

  it('leaves two live secrets at most', async () => {
    const owner = await asUser(app);
    const { id, key } = await withKey(app, owner, PROFILE);
    const keys = [key];
    for (let i = 0; i < 4; i += 1) keys.push((await rotate(owner, id, { overlapSeconds: 3600 })).body.key);
    expect(await Promise.all(keys.map(works))).toEqual([false, false, false, true, true]);
    expect(await secretsOf(id)).toHaveLength(2);
    keys.push((await rotate(owner, id, { overlapSeconds: 0 })).body.key);
    expect(await Promise.all(keys.map(works))).toEqual([false, false, false, false, false, true]);
  });

  it.each([0, 3600])('of 50 at once with an overlap of %i leaves no secret too many', async (overlapSeconds) => {
    const owner = await asUser(app);
    const { id, key } = await withKey(app, owner, PROFILE);
    const answers = await Promise.all(Array.from({ length: 50 }, () => rotate(owner, id, { overlapSeconds })));
    expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
    const keys = answers.map(({ body }) => body.key as string);
    expect(await secretsOf(id)).toHaveLength(overlapSeconds ? 2 : 1);
    expect(await countWorking(keys)).toBe(overlapSeconds ? 2 : 1);
    expect(await works(key)).toBe(false);
  });

  it('refuses an overlap that is no number of seconds up to seven days', async () => {
    const owner = await asUser(app);
    const { id, key } = await withKey(app, owner, PROFILE);
    for (const overlapSeconds of [-1, 0.5, 604_801, '60', null, true, [60], {}, 1e300]) {
      expect((await rotate(owner, id, { overlapSeconds })).body.errors).toMatchObject([{ pointer: '/overlapSeconds' }]);
    }
    expect(await works(key)).toBe(true);
  });

  it('does not prolong a key whose own time ends sooner', async () => {
    const owner = await asUser(app);
    const { id, key } = await withKey(app, owner, PROFILE);
    const { body } = await rotate(owner, id, { overlapSeconds: 3600 });
    await expire(owner, id, `UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1`);
    expect(await countWorking([key, body.key])).toBe(0);
  });
});

describe('the last use of a key', () => {
  it('is written for many uses at once, and only for keys that were let in', async () => {
    const owner = await asUser(app);
    const [used, unused] = [await withKey(app, owner, PROFILE), await withKey(app, owner, PROFILE)];
    const lastUse = async (id: string) => (await owner.call('GET', `${KEYS}/${id}`)).body.lastUsedAt;
    const before = Date.now();
    for (let i = 0; i < 20; i += 1) await use(used.key);
    await use(createApiKey('test', unused.key.slice(9, 21)).key);
    const writes = `SELECT n_tup_upd AS count FROM pg_stat_xact_user_tables WHERE relname = 'api_keys'`;
    expect(await app.db.query(writes)).toHaveLength(1);
    await app.nest.get(KeyUsage).flush();
    expect(new Date(await lastUse(used.id)).getTime()).toBeGreaterThanOrEqual(before);
    expect(await lastUse(unused.id)).toBeNull();
  });
});

describe('the price of a refused key', () => {
  it('is no query for a mistyped one, whichever character it is', async () => {
    const owner = await asUser(app);
    const { key } = await withKey(app, owner, PROFILE);
    const queries = recordQueries();
    try {
      for (let i = 0; i < key.length; i += 1) {
        const mistyped = key.slice(0, i) + (key[i] === 'x' ? 'y' : 'x') + key.slice(i + 1);
        expect((await use(mistyped)).body.code).toBe('key_invalid');
      }
      expect(queries.take()).toEqual([]);
      await use(createApiKey('test').key);
      expect(queries.take()).toHaveLength(1);
    } finally {
      queries.stop();
    }
  });
});
