import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller, withKey } from './support/callers.js';
import { aRecord } from './support/factories.js';
import { followLinks, nextOf } from './support/pages.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const SORTS = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name'] as const;
const NAMES = ['Zebra', 'apple', 'Äpfel', 'zebra', '😀', 'a', '~', '\u0001'];

/** Records with few different times and names, so that every page boundary falls into a tie. */
async function withTies(count: number): Promise<TestCaller> {
  const owner = await asUser(app);
  await app.db.query(
    `INSERT INTO records (id, owner_id, name, classification, content, tags, created_at, updated_at)
     SELECT gen_random_uuid(), $1, ($2::text[])[1 + i % 8] || repeat('x', i % 2), 'public', '{}', '{}',
       timestamptz '2025-01-01' + (i % 5) * interval '1 millisecond',
       timestamptz '2025-01-01' + (i % 3) * interval '1 millisecond' FROM generate_series(1, $3::int) AS i`,
    [owner.id, NAMES, count],
  );
  return owner;
}

const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

const names = ({ body }: { body: { items: { name: string }[] } }) => body.items.map(({ name }) => name).toSorted();
const refusal = async (caller: Pick<TestCaller, 'call'>, query: string) => {
  const { status, body } = await caller.call('GET', `/api/v1/data?${query}`);
  return [status, body.code];
};

describe('GET /api/v1/data', () => {
  it('is an empty page without a link for who has nothing', async () => {
    const { status, body, headers } = await (await asUser(app)).call('GET', '/api/v1/data');
    expect([status, body, headers.get('link')]).toEqual([200, { items: [], nextCursor: null }, null]);
  });

  it('gives the newest 20 first unless asked otherwise', async () => {
    const owner = await asUser(app);
    for (let i = 0; i < 21; i += 1) await owner.call('POST', '/api/v1/data', { json: aRecord({ name: `n${i}` }) });
    const { body } = await owner.call('GET', '/api/v1/data');
    expect(body.items.map(({ name }: { name: string }) => name)).toEqual(
      Array.from({ length: 20 }, (_, i) => `n${20 - i}`),
    );
    expect(body.nextCursor).toEqual(expect.any(String));
  });

  it('shows a record as its own route does', async () => {
    const owner = await asUser(app);
    const { body } = await owner.call('POST', '/api/v1/data', { json: aRecord() });
    expect((await owner.call('GET', '/api/v1/data')).body.items).toEqual([body]);
  });

  it.each(SORTS)('sorts by %s, the id deciding ties, and gives each record once', async (sort) => {
    const owner = await withTies(40);
    const member = sort.replace('-', '') as 'createdAt' | 'updatedAt' | 'name';
    const items = await followLinks(owner, `/api/v1/data?sort=${encodeURIComponent(sort)}&limit=7`);
    expect(new Set(items.map(({ id }) => id)).size).toBe(40);
    const direction = sort.startsWith('-') ? -1 : 1;
    const sorted = items.toSorted((a, b) => direction * (compare(a[member], b[member]) || compare(a.id, b.id)));
    expect(items.map(({ id }) => id)).toEqual(sorted.map(({ id }) => id));
  });

  it.each(SORTS)('gives each record once by %s while records come and go', async (sort) => {
    const owner = await withTies(40);
    const before = await followLinks(owner, '/api/v1/data?limit=100');
    const doomed = before.slice(0, 5).map(({ id }) => id);
    const items = await followLinks(owner, `/api/v1/data?sort=${sort}&limit=7`, async (page) => {
      for (const name of [`a${page}`, `z${page}`]) {
        await owner.call('POST', '/api/v1/data', { json: aRecord({ name }) });
      }
      const headers = { 'if-match': '*' };
      if (doomed[page]) await owner.call('DELETE', `/api/v1/data/${doomed[page]}`, { headers });
    });
    const seen = items.map(({ id }) => id);
    expect(new Set(seen).size).toBe(seen.length);
    const stayed = before.map(({ id }) => id).filter((id) => !doomed.includes(id));
    expect(stayed.filter((id) => !seen.includes(id))).toEqual([]);
  });

  it.each([1, 39, 40, 41, 100])('ends after 40 records in pages of %i', async (limit) => {
    const owner = await withTies(40);
    let pages = 0;
    const items = await followLinks(owner, `/api/v1/data?limit=${limit}`, async () => {
      pages += 1;
    });
    expect(new Set(items.map(({ id }) => id)).size).toBe(40);
    expect(pages).toBe(Math.ceil(40 / limit));
  });

  it('links to the page of its cursor, whatever the filter holds', async () => {
    const owner = await asUser(app);
    const q = 'a?b=c&d;e#f %41+ü😀"<>';
    for (let i = 0; i < 3; i += 1) await owner.call('POST', '/api/v1/data', { json: aRecord({ name: `${q}${i}` }) });
    const query = [
      encodeURIComponent(q),
      encodeURIComponent(q).replaceAll('%3F', '?'),
      encodeURIComponent(q).replaceAll('%20', '+'),
    ];
    for (const written of query) {
      const path = `/api/v1/data?limit=1&q=${written}`;
      const first = await owner.call('GET', path);
      const target = new URL(nextOf(first) ?? '', app.url);
      expect(target.searchParams.get('cursor')).toBe(first.body.nextCursor);
      expect(target.searchParams.get('q')).toBe(q);
      expect(await followLinks(owner, path)).toHaveLength(3);
    }
  });

  it('answers HEAD with the same link', async () => {
    const owner = await withTies(3);
    const [get, head] = [
      await owner.call('GET', '/api/v1/data?limit=2'),
      await owner.call('HEAD', '/api/v1/data?limit=2'),
    ];
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers.get('link')).toBe(get.headers.get('link'));
  });
});

describe('GET /api/v1/data with filters', () => {
  let owner: TestCaller;
  beforeAll(async () => {
    owner = await asUser(app);
    const rows = [
      { name: 'Alpha', classification: 'public', tags: ['x', 'y'] },
      { name: 'ÄRGER 100%', classification: 'internal', tags: ['X'] },
      { name: 'a_b\\c', classification: 'confidential', tags: [] },
      { name: 'top', classification: 'restricted', tags: ['x'] },
      { name: 'gone', classification: 'public', tags: ['x'] },
    ];
    for (const row of rows) await owner.call('POST', '/api/v1/data', { json: aRecord(row) });
    const { body } = await owner.call('GET', '/api/v1/data?q=gone');
    await owner.call('DELETE', `/api/v1/data/${body.items[0].id}`, { headers: { 'if-match': '*' } });
  });

  it.each([
    ['classification=public', ['Alpha']],
    ['classification=restricted', ['top']],
    ['tag=x', ['Alpha', 'top']],
    ['tag=X', ['ÄRGER 100%']],
    ['tag=x&classification=public', ['Alpha']],
    ['tag=%25', []],
    ['tag=x,y', []],
    ['q=ALPHA', ['Alpha']],
    ['q=ph', ['Alpha']],
    ['q=%C3%84RGER', ['ÄRGER 100%']],
    ['q=%C3%A4rger', ['ÄRGER 100%']],
    ['q=%25', ['ÄRGER 100%']],
    ['q=_', ['a_b\\c']],
    ['q=%5C', ['a_b\\c']],
    ['q=a_b', ['a_b\\c']],
    ['q=A%', []],
    ['q=.*', []],
    ['deleted=true', ['gone']],
    ['deleted=true&tag=x', ['gone']],
    ['deleted=true&q=alpha', []],
    ['deleted=false', ['Alpha', 'a_b\\c', 'top', 'ÄRGER 100%']],
  ])('%s', async (query, expected) => {
    const answer = await owner.call('GET', `/api/v1/data?${query}`);
    expect(answer.status).toBe(200);
    expect(names(answer)).toEqual(expected.toSorted());
  });

  it.each(SORTS)('sorts the deleted ones by %s too', async (sort) => {
    const other = await withTies(12);
    await app.db.query('UPDATE records SET deleted_at = now() WHERE owner_id = $1', [other.id]);
    const items = await followLinks(other, `/api/v1/data?deleted=true&limit=5&sort=${sort}`);
    expect(new Set(items.map(({ id }) => id)).size).toBe(12);
  });
});

describe('the cursor of GET /api/v1/data', () => {
  let owner: TestCaller;
  let cursor: string;
  const start = 'sort=name&tag=x&q=n&classification=public&deleted=false&limit=2';
  beforeAll(async () => {
    owner = await asUser(app);
    for (let i = 0; i < 4; i += 1) {
      await owner.call('POST', '/api/v1/data', {
        json: aRecord({ name: `n${i}`, tags: ['x'], classification: 'public' }),
      });
    }
    cursor = (await owner.call('GET', `/api/v1/data?${start}`)).body.nextCursor as string;
  });

  it('goes on in its own list, with another page size too', async () => {
    const { status, body } = await owner.call(
      'GET',
      `/api/v1/data?${start.replace('limit=2', 'limit=1')}&cursor=${cursor}`,
    );
    expect([status, body.items[0].name]).toEqual([200, 'n2']);
  });

  it.each([
    ['sort=name', 'sort=-name'],
    ['sort=name&', ''],
    ['tag=x', 'tag=y'],
    ['tag=x&', ''],
    ['q=n', 'q=m'],
    ['q=n&', ''],
    ['classification=public', 'classification=internal'],
    ['classification=public&', ''],
    ['deleted=false', 'deleted=true'],
    ['tag=x&q=n', 'tag=n&q=x'],
  ])('is good for no list with %j as %j', async (part, other) => {
    const query = start.replace(part, other);
    expect((await owner.call('GET', `/api/v1/data?${query}`)).status).toBe(200);
    expect(await refusal(owner, `${query}&cursor=${cursor}`)).toEqual([400, 'cursor_invalid']);
  });

  it('is good for nobody else', async () => {
    expect(await refusal(await asUser(app), `${start}&cursor=${cursor}`)).toEqual([400, 'cursor_invalid']);
  });

  it('is good for no credential that sees another list', async () => {
    const narrow = await withKey(app, owner);
    const wide = await withKey(app, owner, { scopes: ['data:read', 'data:restricted'] });
    expect(await refusal(narrow, `${start}&cursor=${cursor}`)).toEqual([400, 'cursor_invalid']);
    expect((await wide.call('GET', `/api/v1/data?${start}&cursor=${cursor}`)).status).toBe(200);
  });

  it('is refused after any change of its text', async () => {
    const swap = (at: number) => `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`;
    const edited = Array.from({ length: cursor.length }, (_, at) => swap(at));
    const others = [cursor.slice(1), cursor.slice(0, -1), `${cursor}A`, `${cursor}%3D`, `${cursor}%20`, `A${cursor}`];
    const invented = ['AAAA', '-', '0', 'null', Buffer.from('["n1","x"]').toString('base64url'), 'x'.repeat(2048)];
    for (const text of [...edited, ...others, ...invented]) {
      expect([text, ...(await refusal(owner, `${start}&cursor=${text}`))]).toEqual([text, 400, 'cursor_invalid']);
    }
  });

  it.each(['', 'x'.repeat(2049)])('must be a text a cursor can have', async (text) => {
    expect(await refusal(owner, `${start}&cursor=${text}`)).toEqual([400, 'validation_failed']);
  });
});
