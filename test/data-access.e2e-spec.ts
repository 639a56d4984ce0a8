import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller, withKey } from './support/callers.js';
import { aRecord } from './support/factories.js';
import { footprintOf } from './support/footprint.js';

let app: TestApp;
let owner: TestCaller;
type Caller = Pick<TestCaller, 'call'>;
beforeAll(async () => {
  app = await startApp();
  owner = await asUser(app);
});
afterAll(() => app.stop());

async function stored(overrides: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await owner.call('POST', '/api/v1/data', { json: aRecord(overrides) });
  expect(status).toBe(201);
  return body.id as string;
}

/** Every way to reach a record by its id. */
async function reach(caller: Caller, id: string): Promise<Record<string, unknown>> {
  const path = `/api/v1/data/${id}`;
  const headers = { 'if-match': '*', 'if-none-match': '*' };
  const head = await caller.call('HEAD', path, { headers });
  const answers = {
    get: await caller.call('GET', path, { headers }),
    patch: await caller.call('PATCH', path, { headers, json: { name: 'taken over' } }),
    delete: await caller.call('DELETE', path, { headers }),
    restore: await caller.call('POST', `${path}/restore`),
  };
  expect(head.status).toBe(answers.get.status);
  return Object.fromEntries(Object.entries(answers).map(([name, { status, body }]) => [name, [status, body?.code]]));
}
const hidden = Object.fromEntries(['get', 'patch', 'delete', 'restore'].map((name) => [name, [404, 'not_found']]));

describe("another's record", () => {
  it.each([
    ['a user', asUser],
    ['an administrator', asAdmin],
  ])('does not exist for %s, live or deleted', async (_, makeCaller) => {
    const caller = await makeCaller(app);
    const [live, deleted] = [await stored(), await stored()];
    await owner.call('DELETE', `/api/v1/data/${deleted}`, { headers: { 'if-match': '*' } });
    const before = await footprintOf(app.db);
    expect(await reach(caller, live)).toEqual(hidden);
    expect(await reach(caller, deleted)).toEqual(hidden);
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it('is in no list, whatever the filter', async () => {
    await stored({ name: 'needle', tags: ['needle'], classification: 'public' });
    const caller = await asAdmin(app);
    const filters = ['', 'q=needle', 'tag=needle', 'classification=public', 'deleted=true', 'sort=name', 'limit=100'];
    for (const filter of filters) {
      const { status, body } = await caller.call('GET', `/api/v1/data?${filter}`);
      expect([filter, status, body]).toEqual([filter, 200, { items: [], nextCursor: null }]);
    }
  });

  it('cannot be made: the owner is the caller, whatever is sent', async () => {
    const caller = await asUser(app);
    for (const name of ['ownerId', 'owner_id', 'owner', 'subject', 'userId']) {
      const { status } = await caller.call('POST', '/api/v1/data', { json: aRecord({ [name]: owner.id }) });
      expect([name, status]).toEqual([name, 400]);
      const query = await caller.call('GET', `/api/v1/data?${name}=${owner.id}`);
      expect([name, query.status]).toEqual([name, 400]);
    }
  });
});

describe('restricted records', () => {
  const scopes = ['data:read', 'data:write'];
  let narrow: Caller;
  let wide: Caller;
  beforeAll(async () => {
    narrow = await withKey(app, owner, { scopes });
    wide = await withKey(app, owner, { scopes: [...scopes, 'data:restricted'] });
  });

  it('do not exist without data:restricted, live or deleted', async () => {
    const [live, deleted] = [
      await stored({ classification: 'restricted' }),
      await stored({ classification: 'restricted' }),
    ];
    await owner.call('DELETE', `/api/v1/data/${deleted}`, { headers: { 'if-match': '*' } });
    const before = await footprintOf(app.db);
    expect(await reach(narrow, live)).toEqual(hidden);
    expect(await reach(narrow, deleted)).toEqual(hidden);
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it('are absent from every list without it', async () => {
    const name = 'one of each kind';
    for (const classification of ['restricted', 'public', 'restricted', 'internal'])
      await stored({ name, classification });
    const kinds = async (caller: Caller, filter: string) => {
      const { body } = await caller.call('GET', `/api/v1/data?q=${encodeURIComponent(name)}${filter}`);
      return body.items.map(({ classification }: { classification: string }) => classification);
    };
    expect(await kinds(narrow, '')).toEqual(['internal', 'public']);
    expect(await kinds(narrow, '&classification=restricted')).toEqual([]);
    expect(await kinds(wide, '')).toEqual(['internal', 'restricted', 'public', 'restricted']);
    expect(await kinds(wide, '&classification=restricted')).toEqual(['restricted', 'restricted']);
    expect(await kinds(owner, '&classification=restricted')).toEqual(['restricted', 'restricted']);
  });

  it('cannot be made without it, nor a record made restricted', async () => {
    const id = await stored();
    const before = await footprintOf(app.db);
    const answers = [
      await narrow.call('POST', '/api/v1/data', { json: aRecord({ classification: 'restricted' }) }),
      await narrow.call('POST', '/api/v1/data', {
        json: aRecord({ classification: 'restricted' }),
        headers: { 'idempotency-key': 'restricted' },
      }),
      await narrow.call('PATCH', `/api/v1/data/${id}`, {
        json: { name: 'changed', classification: 'restricted' },
        headers: { 'if-match': '*' },
      }),
    ];
    for (const { status, body, headers } of answers) {
      expect([status, body.code]).toEqual([403, 'insufficient_scope']);
      expect(headers.get('www-authenticate')).toBe(
        'Bearer realm="rampart", error="insufficient_scope", scope="data:restricted"',
      );
    }
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it('are made, read, changed and released with it', async () => {
    const created = await wide.call('POST', '/api/v1/data', { json: aRecord({ classification: 'restricted' }) });
    expect(created.status).toBe(201);
    const path = `/api/v1/data/${created.body.id}`;
    expect((await wide.call('GET', path)).status).toBe(200);
    expect((await narrow.call('GET', path)).status).toBe(404);
    const json = { classification: 'internal' };
    expect((await wide.call('PATCH', path, { json, headers: { 'if-match': '"1"' } })).status).toBe(200);
    expect((await narrow.call('GET', path)).status).toBe(200);
  });

  it('leave a key without it everything else', async () => {
    expect(
      (await narrow.call('POST', '/api/v1/data', { json: aRecord({ classification: 'confidential' }) })).status,
    ).toBe(201);
    const id = await stored();
    expect(await reach(narrow, id)).toEqual({
      get: [304, undefined],
      patch: [200, undefined],
      delete: [204, undefined],
      restore: [200, undefined],
    });
  });
});
