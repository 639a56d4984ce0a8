import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Housekeeping } from '../src/database/housekeeping.js';
import { WINDOW } from '../src/database/keyset.js';
import { roles } from '../src/security/scopes.js';
import { UserSearch } from '../src/users/user-search.js';
import { userStatuses } from '../src/users/user.entity.js';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller, withKey } from './support/callers.js';
import { fill, nth, RECORDS } from './support/fill.js';
import type { RequestOptions } from './support/http.js';
import { nextOf } from './support/pages.js';
import { faultsOf, indexesOf, type Plan, plansOf, rowsRead } from './support/plans.js';
import { recordQueries } from './support/queries.js';

const FILL_MS = 120_000;

const queries = recordQueries();
let app: TestApp;
let owner: TestCaller;
let admin: TestCaller;
let large: ReadonlySet<string>;
beforeAll(async () => {
  app = await startApp();
  // Which way is taken, not how fast this machine is.
  app.nest.get(UserSearch).patienceMs = 30_000;
  owner = await asUser(app);
  admin = await asAdmin(app);
  large = await fill(app.db, owner.id);
}, FILL_MS);
afterAll(async () => {
  queries.stop();
  await app.stop();
});

/** Sends a request that must succeed, and asks how the database did what it was asked for. */
async function plansFor(caller: Pick<TestCaller, 'call'>, method: string, path: string, options: RequestOptions = {}) {
  queries.take();
  const answer = await caller.call(method, path, options);
  expect([path, answer.status < 300 ? 'done' : answer.text]).toEqual([path, 'done']);
  const plans = await plansOf(app.db, queries.takeStatements());
  return { answer, plans };
}

/** Expects indexes throughout, and at most so many rows read by any statement. */
function expectBounded(plans: readonly Plan[], rows: number): void {
  expect(plans.length).toBeGreaterThan(0);
  expect(plans.flatMap((plan) => faultsOf(plan, large))).toEqual([]);
  expect(plans.filter((plan) => rowsRead(plan) > rows).map((plan) => [rowsRead(plan), plan.text])).toEqual([]);
}

const SORTS = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name'];
/** About one record of three, of fifty, of four thousand, and none: what is asked for may be anywhere. */
const COMMON = ['', 'classification=public', 'tag=t7', 'deleted=true', 'q=report', 'q=a'];
const RARE = [
  'tag=none',
  'classification=restricted',
  'q=nothing+like+it',
  'q=%C3%A9',
  'q=%25%25',
  'deleted=true&q=zzz',
];
const MIXED = ['classification=public&tag=t7', 'classification=internal&q=abc', 'tag=t7&q=abc', 'tag=none&q=none'];
const lists = (filters: readonly string[]) => SORTS.flatMap((sort) => filters.map((filter) => [sort, filter] as const));

describe('GET /api/v1/data of an owner with a million records', () => {
  it.each(lists(COMMON))('by %s with %j reads a range of an index, on the second page too', async (sort, filter) => {
    const rows = filter.includes('q=') || filter.includes('=t7') ? 10_000 : 200;
    const first = await plansFor(owner, 'GET', `/api/v1/data?sort=${sort}&${filter}`);
    expectBounded(first.plans, rows);
    expectBounded((await plansFor(owner, 'GET', nextOf(first.answer) ?? '')).plans, rows);
  });

  it.each(lists([...RARE, ...MIXED]))('by %s with %j looks at no more than it may', async (sort, filter) => {
    expectBounded((await plansFor(owner, 'GET', `/api/v1/data?sort=${sort}&${filter}`)).plans, WINDOW);
  });

  it('looks at so many records a page, and comes to the one that is searched for', async () => {
    const { id } = (await owner.call('POST', '/api/v1/data', { json: record('Needle in the haystack') })).body;
    const sorted = `/api/v1/data?sort=-name&q=${encodeURIComponent('NEEDLE in')}`;
    const found: unknown[] = [];
    let pages = 0;
    for (let path: string | null = sorted; path !== null; pages += 1) {
      const answer = await owner.call('GET', path);
      found.push(...answer.body.items.map((item: { id: string }) => item.id));
      path = nextOf(answer);
    }
    expect(found).toEqual([id]);
    // All but a twentieth, which are others', and a fiftieth, which is deleted.
    expect(pages).toBeGreaterThan((0.9 * RECORDS) / WINDOW);
    expect(pages).toBeLessThan(RECORDS / WINDOW + 2);
  });

  it('finds little when a credential may not see restricted records, and reads no more for it', async () => {
    const key = await withKey(app, owner, { scopes: ['data:read'] });
    expectBounded((await plansFor(key, 'GET', '/api/v1/data')).plans, WINDOW);
  });
});

const record = (name: string) => ({ name, classification: 'internal', content: null });

describe('one record, user, key or session among many', () => {
  it('is read and changed by its key', async () => {
    const made = await plansFor(owner, 'POST', '/api/v1/data', { json: record('one') });
    const path = made.answer.headers.get('location') ?? '';
    const headers = { 'if-match': '*' };
    expectBounded((await plansFor(owner, 'GET', path)).plans, 1);
    expectBounded((await plansFor(owner, 'PATCH', path, { headers, json: { name: 'two' } })).plans, 1);
    expectBounded((await plansFor(owner, 'DELETE', path, { headers })).plans, 1);
    expectBounded((await plansFor(owner, 'POST', `${path}/restore`)).plans, 1);
  });

  it.each([
    '/api/v1/users/me',
    `/api/v1/users/${nth(77)}`,
    '/api/v1/api-keys',
    '/api/v1/oauth-clients',
    '/api/v1/auth/sessions',
  ])('GET %s', async (path) => expectBounded((await plansFor(admin, 'GET', path)).plans, 100));

  it('is found by address, password, refresh token and key', async () => {
    const { email, password } = owner;
    const login = await plansFor(app, 'POST', '/api/v1/auth/login', { json: { email, password } });
    expectBounded(login.plans, 2);
    const { refresh_token } = login.answer.body;
    expectBounded((await plansFor(app, 'POST', '/api/v1/auth/refresh', { json: { refresh_token } })).plans, 4);
    const key = await withKey(app, owner);
    expectBounded((await plansFor(key, 'GET', '/api/v1/data?limit=1')).plans, WINDOW);
  });

  it('is everything of a person in an export, a page at a time', async () => {
    const few = await asUser(app);
    await few.call('POST', '/api/v1/data', { json: record('mine') });
    expectBounded((await plansFor(few, 'GET', '/api/v1/users/me/export')).plans, 100);
  });
});

describe('GET /api/v1/users among two hundred thousand', () => {
  const filters = ['', ...roles.map((role) => `role=${role}`), ...userStatuses.map((status) => `status=${status}`)];
  const cases = [...filters, 'role=auditor&status=active'].flatMap((filter) => [
    `sort=createdAt&${filter}`,
    `sort=-createdAt&${filter}`,
  ]);
  it.each(cases)('%s reads a range of an index, on the second page too', async (query) => {
    const first = await plansFor(admin, 'GET', `/api/v1/users?${query}`);
    expectBounded(first.plans, 100);
    const next = nextOf(first.answer);
    if (next !== null) expectBounded((await plansFor(admin, 'GET', next)).plans, 100);
  });

  const search = (query: string) => plansFor(admin, 'GET', `/api/v1/users?${query}`);

  it.each(['q=example.com', 'q=p1', 'role=user&q=p1', 'status=active&q=%40', 'sort=-createdAt&q=p'])(
    '%s, which is near, is one look at a page',
    async (query) => {
      const { plans } = await search(query);
      expect(plans.filter(({ text }) => text.includes('FROM (SELECT u.*'))).toHaveLength(1);
      expectBounded(plans, 1100);
    },
  );

  it.each([
    ['q=nobody+has+this', 0],
    ['q=%C3%9F', 0],
    ['q=p17777', 11],
    ['sort=-createdAt&q=p188888', 1],
    ['role=user&q=p139998', 1],
    ['status=active&q=p139999', 1],
    // Not the last ones: they are due for deletion, and gone when this file takes longer than a minute.
  ])('%s, which few have, is found by an index', async (query, count) => {
    const { answer, plans } = await search(`limit=100&${query}`);
    expect([answer.body.items.length, answer.body.nextCursor]).toEqual([count, null]);
    expect(plans.flatMap(indexesOf)).toContain('users_by_gram');
    expectBounded(plans, 1100);
  });

  it.each(['sort=-createdAt&q=p177', 'role=user&q=p177', 'role=auditor&q=com'])(
    '%s, which is neither, looks at no more than it may',
    async (query) => expectBounded((await search(query)).plans, WINDOW + 100),
  );

  it('a change of an administrator looks for another by an index', async () => {
    const other = await asAdmin(app);
    const json = { roles: ['user'] };
    expectBounded((await plansFor(admin, 'PATCH', `/api/v1/users/${other.id}`, { json })).plans, 2);
  });
});

describe('housekeeping', () => {
  it('finds what is over by an index', async () => {
    queries.take();
    await app.nest.get(Housekeeping).run();
    const plans = await plansOf(app.db, queries.takeStatements());
    const touched = ['records', 'idempotency_keys', 'sessions', 'refresh_tokens', 'revocations', 'users'];
    for (const table of touched) expect(plans.some(({ text }) => text.includes(table))).toBe(true);
    expect(plans.flatMap((plan) => faultsOf(plan, large))).toEqual([]);
  });
});
