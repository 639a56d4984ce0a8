import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asReader, asUser, type TestCaller, withKey } from './support/callers.js';
import { aMachine, aPublicKey, aSigningClient, CLIENTS, withClient } from './support/clients.js';
import { aClient } from './support/factories.js';
import { footprintOf } from './support/footprint.js';
import { tablesWith } from './support/tables.js';

let app: TestApp;
let owner: TestCaller;
let admin: TestCaller;

beforeAll(async () => {
  app = await startApp();
  [owner, admin] = [await asUser(app), await asAdmin(app)];
});
afterAll(() => app.stop());

const create = (by: Pick<TestCaller, 'call'>, overrides: object = {}) =>
  by.call('POST', CLIENTS, { json: aClient({ ...overrides }) });
const patch = (by: TestCaller, id: string, json: unknown) => by.call('PATCH', `${CLIENTS}/${id}`, { json });
const get = (by: Pick<TestCaller, 'call'>, id: string) => by.call('GET', `${CLIENTS}/${id}`);
const auditOf = async (id: string) => {
  const sql = `SELECT action, actor_id AS by, details FROM audit_events WHERE target_id = $1 ORDER BY at, id`;
  return app.db.query<{ action: string; by: string; details: object }>(sql, [id]);
};
const revocationsOf = async (id: string) =>
  (await app.db.query('SELECT 1 FROM revocations WHERE subject = $1', [id])).length;

describe('POST /api/v1/oauth-clients', () => {
  it('makes a client with the defaults of RFC 7591, and shows its secret this once', async () => {
    const { status, headers, body } = await create(owner, { name: 'a site' });
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    const { clientSecret, ...view } = body;
    expect(clientSecret).toMatch(/^[\w-]{43}$/);
    expect(view).toEqual({
      id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7/),
      ownerId: owner.id,
      name: 'a site',
      applicationType: 'web',
      tokenEndpointAuthMethod: 'client_secret_basic',
      grantTypes: ['authorization_code'],
      redirectUris: ['https://app.example.com/callback'],
      postLogoutRedirectUris: [],
      scopes: ['openid', 'data:read'],
      jwks: null,
      dpopBoundAccessTokens: false,
      requirePushedAuthorizationRequests: false,
      registered: false,
      status: 'active',
      createdAt: expect.any(String),
      updatedAt: view.createdAt,
    });
    expect((await get(owner, view.id)).body).toEqual(view);
    expect(await auditOf(view.id)).toEqual([
      { action: 'client.created', by: owner.id, details: { userId: owner.id, scopes: ['openid', 'data:read'] } },
    ]);
    expect(await tablesWith(app.db, clientSecret)).toEqual([]);
  });

  it('makes what was said, and no secret where the method has none', async () => {
    const native = {
      applicationType: 'native',
      tokenEndpointAuthMethod: 'none',
      grantTypes: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      redirectUris: ['com.example.app:/callback', 'http://127.0.0.1/callback'],
      postLogoutRedirectUris: ['com.example.app:/bye'],
      scopes: ['openid', 'profile', 'email', 'offline_access', 'data:write'],
      dpopBoundAccessTokens: true,
      requirePushedAuthorizationRequests: true,
    };
    const signing = aSigningClient({ grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'], redirectUris: [] });
    for (const members of [native, signing]) {
      const { status, body } = await create(owner, members);
      expect(status).toBe(201);
      expect(body).toMatchObject(members);
      expect(body).not.toHaveProperty('clientSecret');
      expect(await app.db.query('SELECT 1 FROM oauth_client_secrets WHERE client_id = $1', [body.id])).toEqual([]);
    }
  });

  it('grants nothing that its maker does not hold', async () => {
    const reader = await asReader(app);
    const before = await footprintOf(app.db);
    const { status, body } = await create(owner, { scopes: ['openid', 'users:read', 'audit:read'] });
    expect([status, body.code]).toEqual([403, 'scope_not_held']);
    expect(body.detail).toContain('users:read audit:read');
    expect(body.detail).not.toContain('openid');
    expect((await create(reader)).body.code).toBe('insufficient_scope');
    expect(await footprintOf(app.db)).toEqual(before);
    expect((await create(admin, { scopes: ['users:write'] })).status).toBe(201);
  });

  it('lets nobody but administrators make a client that acts for itself', async () => {
    const refused = await create(owner, aMachine());
    expect([refused.status, refused.body.code]).toEqual([403, 'role_required']);
    const { status, body } = await create(admin, aMachine({ scopes: ['users:read', 'data:write'] }));
    expect([status, body.ownerId, body.grantTypes]).toEqual([201, null, ['client_credentials']]);
    expect(body.clientSecret).toMatch(/^[\w-]{43}$/);
  });

  it('stops at 20 clients of a person, also when many are made at once, and not at those of administrators', async () => {
    const [person, boss] = [await asUser(app), await asAdmin(app)];
    for (let i = 0; i < 15; i += 1) await withClient(person);
    const statuses = (await Promise.all(Array.from({ length: 12 }, () => create(person)))).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([...Array<number>(5).fill(201), ...Array<number>(7).fill(409)]);
    expect((await create(person)).body.code).toBe('conflict');
    for (let i = 0; i < 21; i += 1) await withClient(boss);
  });
});

describe('GET /api/v1/oauth-clients', () => {
  it('lists my own a page at a time, with a key too, and never a secret', async () => {
    const person = await asUser(app);
    const made = [];
    for (let i = 0; i < 3; i += 1) made.push((await withClient(person)).view);
    const key = await withKey(app, person, { scopes: ['clients:read'] });
    const first = await key.call('GET', `${CLIENTS}?limit=2`);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await key.call('GET', next);
    expect([...first.body.items, ...second.body.items]).toEqual(made);
    expect(second.body.nextCursor).toBeNull();
    expect((await owner.call('GET', next)).body.code).toBe('cursor_invalid');
  });

  it('lists all of them to an administrator', async () => {
    const [{ count }] = (await app.db.query('SELECT count(*)::int AS count FROM oauth_clients')) as [{ count: number }];
    const ids = new Set<string>();
    for (let cursor = ''; ;) {
      const { body } = await admin.call('GET', `${CLIENTS}?limit=7${cursor}`);
      for (const { id } of body.items) ids.add(id);
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(ids.size).toBe(count);
  });
});

describe('PATCH /api/v1/oauth-clients/:id', () => {
  it('changes what is sent and nothing else, and every instance forgets the client', async () => {
    const { id, view } = await withClient(owner);
    const changes = {
      name: 'renamed',
      redirectUris: ['https://b.example/1', 'https://b.example/2'],
      postLogoutRedirectUris: ['https://b.example/bye'],
      scopes: ['data:read', 'data:write'],
      dpopBoundAccessTokens: true,
      requirePushedAuthorizationRequests: true,
      status: 'disabled',
    };
    const { status, body } = await patch(owner, id, changes);
    expect([status, body]).toEqual([200, { ...view, ...changes, updatedAt: body.updatedAt }]);
    expect((await get(owner, id)).body).toEqual(body);
    expect((await auditOf(id)).at(-1)).toEqual({
      action: 'client.changed',
      by: owner.id,
      details: { userId: owner.id, fields: expect.arrayContaining(Object.keys(changes)), status: 'disabled' },
    });
    expect(await revocationsOf(id)).toBe(1);
    expect((await patch(owner, id, { status: 'active' })).body).toMatchObject({ ...changes, status: 'active' });
  });

  it('leaves what a client is: its type, its method, its grants, its owner', async () => {
    const { id, view } = await withClient(owner);
    const fixed = { applicationType: 'native', tokenEndpointAuthMethod: 'none', grantTypes: ['authorization_code'] };
    for (const [name, value] of Object.entries({ ...fixed, ownerId: admin.id, id, clientSecret: 'x' })) {
      const { status, body } = await patch(owner, id, { name: 'never', [name]: value });
      expect([status, body.errors?.[0]]).toMatchObject([400, { pointer: `/${name}`, code: 'unknown' }]);
    }
    expect((await get(owner, id)).body).toEqual(view);
  });

  it('replaces keys where there are some, and grants nothing that is not held', async () => {
    const { id } = await withClient(owner, aSigningClient());
    const jwks = { keys: [aPublicKey({ kid: 'a' }), aPublicKey({ kid: 'b' })] };
    expect((await patch(owner, id, { jwks })).body.jwks).toEqual(jwks);
    expect((await patch(owner, id, { scopes: ['users:read'] })).body.code).toBe('scope_not_held');
    expect((await patch(owner, (await withClient(owner)).id, { jwks })).body.errors).toMatchObject([
      { pointer: '/jwks' },
    ]);
  });
});

describe("another's client", () => {
  const requests = (by: TestCaller, id: string) => [
    get(by, id),
    patch(by, id, { name: 'mine now' }),
    by.call('POST', `${CLIENTS}/${id}/secret`, { json: {} }),
    by.call('DELETE', `${CLIENTS}/${id}`),
  ];

  it('is 404 in every route, that of an administrator too, and stays as it is', async () => {
    const other = await asUser(app);
    const ids = [(await withClient(owner)).id, (await withClient(admin)).id];
    const before = await footprintOf(app.db);
    for (const id of ids) {
      for (const { status, body } of await Promise.all(requests(other, id)))
        expect([status, body.code]).toEqual([404, 'not_found']);
    }
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it('is managed by an administrator, of which its owner finds the audit in their copy', async () => {
    const { id } = await withClient(owner);
    expect((await get(admin, id)).body.ownerId).toBe(owner.id);
    expect((await patch(admin, id, { name: 'looked at' })).status).toBe(200);
    expect((await admin.call('POST', `${CLIENTS}/${id}/secret`, { json: {} })).status).toBe(201);
    expect((await admin.call('DELETE', `${CLIENTS}/${id}`)).status).toBe(204);
    const { audit } = (await owner.call('GET', '/api/v1/users/me/export')).body;
    const about = audit.filter(({ targetId }: { targetId: string }) => targetId === id);
    expect(about.map(({ action }: { action: string }) => action)).toEqual([
      'client.created',
      'client.changed',
      'client.secret_rotated',
      'client.deleted',
    ]);
    expect(JSON.stringify(about)).not.toContain(admin.id);
  });
});

describe('DELETE /api/v1/oauth-clients/:id', () => {
  it('ends the client with its secrets, once', async () => {
    const { id } = await withClient(owner);
    expect((await owner.call('DELETE', `${CLIENTS}/${id}`)).status).toBe(204);
    expect(await app.db.query('SELECT 1 FROM oauth_client_secrets WHERE client_id = $1', [id])).toEqual([]);
    expect([(await get(owner, id)).status, (await auditOf(id)).at(-1)?.action]).toEqual([404, 'client.deleted']);
    expect(await revocationsOf(id)).toBe(1);
    expect((await owner.call('DELETE', `${CLIENTS}/${id}`)).status).toBe(404);
  });
});
