import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asReader, asUser, type TestCaller, withKey } from './support/callers.js';
import { aKey } from './support/factories.js';
import { dumpTables, tablesWith } from './support/tables.js';
import { expectInvalid, notText } from './support/wrong-values.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const KEYS = '/api/v1/api-keys';
const create = (owner: TestCaller, overrides: object = {}) =>
  owner.call('POST', KEYS, { json: aKey({ ...overrides }) });
const patch = (owner: TestCaller, id: string, json: unknown) => owner.call('PATCH', `${KEYS}/${id}`, { json });
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const hashesOf = (id: string) => app.db.query('SELECT hash FROM api_key_secrets WHERE key_id = $1', [id]);

describe('POST /api/v1/api-keys', () => {
  it('makes a key, and shows it this once', async () => {
    const owner = await asUser(app);
    const expiresAt = inAnHour();
    const members = {
      name: 'ci',
      scopes: ['data:read', 'data:write'],
      allowedCidrs: ['127.0.0.0/8'],
      rateLimit: '9/hour',
    };
    const { status, headers, body } = await create(owner, { ...members, expiresAt });
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    const { key, ...view } = body;
    expect(key).toMatch(/^rmp_test_[0-9A-Za-z]{61}$/);
    expect(view).toMatchObject({ ...members, expiresAt, lastUsedAt: null, prefix: key.slice(0, 21) });
    expect((await owner.call('GET', `${KEYS}/${view.id}`)).body).toEqual(view);
    expect((await owner.call('GET', KEYS)).body).toEqual({ items: [view], nextCursor: null });
    expect((await app.call('GET', '/api/v1/data', { key })).status).toBe(200);
  });

  it('keeps no key in any table, neither whole nor its secret, also after a rotation', async () => {
    const owner = await asUser(app);
    const { body } = await create(owner);
    const rotated = await owner.call('POST', `${KEYS}/${body.id}/rotate`, { json: { overlapSeconds: 60 } });
    for (const { key } of [body, rotated.body]) {
      for (const text of [key, key.slice(9), key.slice(21), key.slice(21, 64)]) {
        expect(await tablesWith(app.db, text)).toEqual([]);
      }
    }
    expect(await tablesWith(app.db, body.key.slice(9, 21))).toEqual(['api_keys']);
  });

  it('grants nothing that its owner does not hold', async () => {
    const [user, reader, admin] = [await asUser(app), await asReader(app), await asAdmin(app)];
    const { status, body } = await create(user, { scopes: ['data:read', 'users:write', 'audit:read'] });
    expect([status, body.code]).toEqual([403, 'scope_not_held']);
    expect(body.detail).toContain('users:write audit:read');
    expect((await create(user, { scopes: ['users:read'] })).body.code).toBe('scope_not_held');
    expect((await create(admin, { scopes: ['users:write', 'audit:read'] })).status).toBe(201);
    expect((await create(reader)).body.code).toBe('insufficient_scope');
    expect((await user.call('GET', KEYS)).body.items).toEqual([]);
  });

  it('refuses wrong types and values in every member, and writes nothing', async () => {
    const owner = await asUser(app);
    const before = await dumpTables(app.db);
    const wrong: Record<string, readonly unknown[]> = {
      name: [...notText, '', 'x'.repeat(101)],
      scopes: [...notText, 'data:read', ['root'], ['data:read', 'data:read'], ['*'], [['data:read']], ['constructor']],
      expiresAt: [
        ...notText,
        '',
        'tomorrow',
        '2030-01-01',
        '2030-02-31T00:00:00Z',
        1_900_000_000,
        '2020-01-01T00:00:00Z',
      ],
      allowedCidrs: [
        null,
        1,
        'x',
        {},
        [1],
        [null],
        ['x'],
        ['1.2.3.4/33'],
        ['::/129'],
        [' 10.0.0.0/8'],
        ['10.0.0'],
        ['fe80::1%eth0'],
      ],
      rateLimit: [...notText, '', '0/minute', '1/week', '-1/minute', '1/minute;2/minute', '1.5/minute', ' 1/minute'],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) expectInvalid(await create(owner, { [name]: value }), `/${name}`, value);
    }
    expectInvalid(await create(owner, { allowedCidrs: Array(21).fill('10.0.0.0/8') }), '/allowedCidrs', 'too many');
    for (const name of ['id', 'key', 'ownerId', 'prefix', 'lastUsedAt', 'publicId']) {
      expectInvalid(await create(owner, { [name]: 'x' }), `/${name}`, name);
    }
    for (const name of ['name', 'scopes']) expectInvalid(await create(owner, { [name]: undefined }), `/${name}`, name);
    expect(await dumpTables(app.db)).toEqual(before);
  });

  it('stops at 100 keys, also when many are made at once', async () => {
    const owner = await asUser(app);
    await app.db.query(
      `INSERT INTO api_keys (id, public_id, owner_id, name, scopes)
       SELECT gen_random_uuid(), 'filler' || i || $1, $1::uuid, 'filler', '{data:read}' FROM generate_series(1, 95) i`,
      [owner.id],
    );
    const statuses = (await Promise.all(Array.from({ length: 20 }, () => create(owner)))).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([...Array<number>(5).fill(201), ...Array<number>(15).fill(409)]);
    expect((await owner.call('GET', KEYS)).body.items).toHaveLength(100);
  });
});

describe('PATCH /api/v1/api-keys/:id', () => {
  it('changes what is sent and nothing else; null removes', async () => {
    const owner = await asUser(app);
    const { key, ...view } = (await create(owner, { rateLimit: '9/hour', expiresAt: inAnHour() })).body;
    const changed = await patch(owner, view.id, { name: 'renamed', rateLimit: null, expiresAt: null });
    expect(changed.status).toBe(200);
    const { updatedAt, ...rest } = changed.body;
    expect(rest).toEqual({ ...rest, ...view, name: 'renamed', rateLimit: null, expiresAt: null, updatedAt: undefined });
    expect(changed.body).not.toHaveProperty('key');
    expect(new Date(updatedAt).getTime()).toBeGreaterThanOrEqual(new Date(view.updatedAt).getTime());
    expect((await app.call('GET', '/api/v1/data', { key })).status).toBe(200);
  });

  it('grants nothing that its owner does not hold, and takes no wrong value', async () => {
    const owner = await asUser(app);
    const { id } = (await create(owner)).body;
    expect((await patch(owner, id, { scopes: ['data:read', 'users:read'] })).body.code).toBe('scope_not_held');
    const wrong = { name: null, scopes: null, allowedCidrs: null, expiresAt: 'x', rateLimit: 1, key: 'x', ownerId: id };
    for (const [name, value] of Object.entries(wrong)) {
      expectInvalid(await patch(owner, id, { name: 'never', [name]: value }), `/${name}`, value);
    }
    expectInvalid(await patch(owner, id, { expiresAt: '2020-01-01T00:00:00Z' }), '/expiresAt', 'past');
    expect((await owner.call('GET', `${KEYS}/${id}`)).body.name).not.toBe('never');
  });
});

describe("another's key", () => {
  it('is 404 in every route, also to an administrator, and stays as it is', async () => {
    const [owner, user, admin] = [await asUser(app), await asUser(app), await asAdmin(app)];
    const { id, key } = (await create(owner)).body;
    const before = await app.db.query('SELECT * FROM api_keys WHERE id = $1', [id]);
    for (const other of [user, admin]) {
      const answers = [
        await other.call('GET', `${KEYS}/${id}`),
        await patch(other, id, { name: 'mine now' }),
        await other.call('POST', `${KEYS}/${id}/rotate`, { json: {} }),
        await other.call('DELETE', `${KEYS}/${id}`),
      ];
      for (const { status, body } of answers) expect([status, body.code]).toEqual([404, 'not_found']);
      expect((await other.call('GET', KEYS)).body.items).toEqual([]);
    }
    expect(await app.db.query('SELECT * FROM api_keys WHERE id = $1', [id])).toEqual(before);
    expect((await app.call('GET', '/api/v1/data', { key })).status).toBe(200);
  });
});

describe('DELETE /api/v1/api-keys/:id', () => {
  it('ends the key with every secret, once', async () => {
    const owner = await asUser(app);
    const { id, key } = (await create(owner)).body;
    const rotated = await owner.call('POST', `${KEYS}/${id}/rotate`, { json: { overlapSeconds: 60 } });
    for (const each of [key, rotated.body.key])
      expect((await app.call('GET', '/api/v1/data', { key: each })).status).toBe(200);
    expect((await owner.call('DELETE', `${KEYS}/${id}`)).status).toBe(204);
    for (const each of [key, rotated.body.key]) {
      const { status, body } = await app.call('GET', '/api/v1/data', { key: each });
      expect([status, body.code]).toEqual([401, 'key_invalid']);
    }
    expect(await hashesOf(id)).toEqual([]);
    expect((await owner.call('DELETE', `${KEYS}/${id}`)).status).toBe(404);
  });
});

describe('a key on the routes of the person', () => {
  it('is refused on each of them, whatever it holds', async () => {
    const owner = await asAdmin(app);
    const { body } = await owner.call('GET', '/api/v1/users/me');
    const scopes = ['keys:read', 'keys:write', 'profile:read', 'profile:write', 'sessions:read', 'sessions:write'];
    const key = await withKey(app, owner, { scopes });
    const routes: [string, string, object?][] = [
      ['POST', KEYS, aKey()],
      ['PATCH', `${KEYS}/${key.id}`, { scopes: ['data:write'] }],
      ['DELETE', `${KEYS}/${key.id}`],
      ['POST', `${KEYS}/${key.id}/rotate`, {}],
      ['GET', '/api/v1/users/me/export'],
      ['POST', '/api/v1/users/me/deletion', { password: owner.password }],
      ['DELETE', '/api/v1/users/me/deletion'],
      ['POST', '/api/v1/auth/logout'],
      ['GET', '/api/v1/auth/sessions'],
    ];
    for (const [method, path, json] of routes) {
      const answer = await key.call(method, path, json && { json });
      expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 403, 'first_party_required']);
    }
    expect((await key.call('GET', KEYS)).status).toBe(200);
    expect((await key.call('GET', `${KEYS}/${key.id}`)).body).not.toHaveProperty('key');
    expect((await owner.call('GET', '/api/v1/users/me')).body).toEqual(body);
  });
});
