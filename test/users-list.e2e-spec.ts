import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asAuditor, asReader, asUser, type TestCaller } from './support/callers.js';
import { aPerson } from './support/factories.js';

let app: TestApp;
let admin: TestCaller;

interface Item {
  id: string;
  email: string;
  roles: string[];
  status: string;
}

beforeAll(async () => {
  app = await startApp();
  admin = await asAdmin(app);
  await asAuditor(app);
  await asReader(app);
  for (const username of ['Blue Whale', 'blue%bird', 'BLUE_jay']) {
    await (await asUser(app)).call('PATCH', '/api/v1/users/me', { json: { username } });
  }
  await admin.call('PATCH', `/api/v1/users/${(await asUser(app)).id}`, { json: { status: 'disabled' } });
  await admin.call('POST', '/api/v1/users', { json: { email: aPerson().email, roles: ['user', 'auditor'] } });
});
afterAll(() => app.stop());

const list = (query = '', caller = admin) => caller.call('GET', `/api/v1/users${query}`);
const itemsOf = async (query: string): Promise<Item[]> => (await list(query)).body.items;

/** Every page of a list, by following its links. */
async function pagesOf(query: string): Promise<Item[][]> {
  const pages: Item[][] = [];
  for (let path: string | undefined = `/api/v1/users${query}`; path;) {
    const { status, headers, body }: Awaited<ReturnType<typeof list>> = await admin.call('GET', path);
    expect(status).toBe(200);
    pages.push(body.items);
    const link = headers.get('link');
    expect(link === null).toBe(body.nextCursor === null);
    path = link === null ? undefined : /^<([^>]+)>; rel="next"$/.exec(link)?.[1];
    if (path) expect(new URL(path, app.url).searchParams.get('cursor')).toBe(body.nextCursor);
  }
  return pages;
}

describe('GET /api/v1/users', () => {
  it('lists everybody, the oldest first', async () => {
    const { status, body } = await list();
    const rows = await app.db.query<Item>('SELECT id FROM users ORDER BY created_at, id');
    expect([status, body.nextCursor]).toEqual([200, null]);
    expect(body.items.map(({ id }: Item) => id)).toEqual(rows.map(({ id }) => id));
    expect(body.items[0]).toEqual((await admin.call('GET', '/api/v1/users/me')).body);
  });

  it('is closed to who does not hold users:read', async () => {
    for (const caller of [await asUser(app), await asReader(app)]) {
      expect((await list('', caller)).body.code).toBe('insufficient_scope');
    }
    expect((await list('', await asAuditor(app))).status).toBe(200);
  });

  it.each(['createdAt', '-createdAt'])('gives each user once over pages of any size, sorted by %s', async (sort) => {
    const expected = (await itemsOf(`?sort=${sort}&limit=100`)).map(({ id }) => id);
    for (const limit of [1, 3, 7]) {
      const pages = await pagesOf(`?sort=${sort}&limit=${limit}`);
      expect(pages.flat().map(({ id }) => id)).toEqual(expected);
      expect(pages.slice(0, -1).map((page) => page.length)).toEqual(pages.slice(0, -1).map(() => limit));
    }
  });

  it('turns the order round with a minus', async () => {
    const ids = async (sort: string) => (await itemsOf(`?limit=100&sort=${sort}`)).map(({ id }) => id);
    expect(await ids('-createdAt')).toEqual((await ids('createdAt')).toReversed());
  });

  it('tells users of one moment apart, so that a page neither repeats nor skips one', async () => {
    await app.db.query(`UPDATE users SET created_at = (SELECT max(created_at) FROM users) WHERE id <> $1`, [admin.id]);
    const ids = (await pagesOf('?limit=2')).flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength((await app.db.query('SELECT 1 FROM users')).length);
  });
});

describe('the filters of GET /api/v1/users', () => {
  it.each(['reader', 'user', 'auditor', 'admin'])('role=%s gives who holds it, beside others too', async (role) => {
    const items = await itemsOf(`?role=${role}&limit=100`);
    const rows = await app.db.query('SELECT 1 FROM users WHERE $1 = ANY (roles)', [role]);
    expect(items.length).toBe(rows.length);
    expect(items.length).toBeGreaterThan(0);
    expect(items.filter(({ roles }) => !roles.includes(role))).toEqual([]);
  });

  it.each(['invited', 'active', 'disabled'])('status=%s gives those alone', async (status) => {
    const items = await itemsOf(`?status=${status}&limit=100`);
    expect(items.length).toBeGreaterThan(0);
    expect(items.filter((item) => item.status !== status)).toEqual([]);
  });

  it('hold together', async () => {
    const [invited] = await itemsOf('?status=invited&role=auditor');
    expect(invited?.roles).toEqual(['user', 'auditor']);
    expect(await itemsOf('?status=invited&role=admin')).toEqual([]);
  });

  it('q finds a part of the address or the username, without regard to case, and is no pattern', async () => {
    const found = async (q: string) => (await itemsOf(`?limit=100&q=${encodeURIComponent(q)}`)).length;
    const everybody = (await itemsOf('?limit=100')).length;
    expect(await found('BLUE')).toBe(3);
    expect(await found('blue%')).toBe(1);
    expect(await found('e_j')).toBe(1);
    expect(await found('ｂlue w')).toBe(1);
    expect(await found('EXAMPLE.com')).toBe(everybody);
    expect(await found(admin.email.toUpperCase())).toBe(1);
    expect([await found('%'), await found('_'), await found('d\\')]).toEqual([1, 1, 0]);
    for (const none of ["' OR 1=1 --", '.*', 'nobody']) expect([none, await found(none)]).toEqual([none, 0]);
  });

  it('q finds every part of a name, whatever it is made of', async () => {
    const name = String.raw`it's "a" \ 😀😀ß:* & | !( <->)`;
    const { body: me } = await (await asUser(app)).call('PATCH', '/api/v1/users/me', { json: { username: name } });
    expect(me.username).toBe(name);
    const characters = [...name];
    const parts = characters.flatMap((_, at) =>
      [1, 2, 3, 4, 9].map((size) => characters.slice(at, at + size).join('')),
    );
    for (const part of new Set(parts.map((each) => each.trim()).filter((each) => each !== ''))) {
      const ids = (await itemsOf(`?limit=100&sort=-createdAt&q=${encodeURIComponent(part)}`)).map(({ id }) => id);
      expect([part, ids.includes(me.id)]).toEqual([part, true]);
    }
  });

  it.each([
    'role=root',
    'role=admin&role=user',
    'role=',
    'status=deleted',
    'sort=email',
    'sort=-',
    'limit=0',
    'limit=101',
    'limit=1e1',
    'limit=0x1',
    'limit=-1',
    'limit=01',
    'q=',
    'q=%00',
    'unknown=1',
    'role[]=admin',
    'constructor=1',
    '__proto__=1',
    'cursor=',
  ])('%s is 400', async (query) => {
    expect((await list(`?${query}`)).status).toBe(400);
  });
});

describe('a cursor of GET /api/v1/users', () => {
  it('is good for its principal, filters and sort alone', async () => {
    const { nextCursor } = (await list('?limit=1&status=active')).body;
    expect((await list(`?limit=3&status=active&cursor=${nextCursor}`)).status).toBe(200);
    const others = [
      list(`?limit=1&cursor=${nextCursor}`),
      list(`?limit=1&status=disabled&cursor=${nextCursor}`),
      list(`?limit=1&status=active&role=user&cursor=${nextCursor}`),
      list(`?limit=1&status=active&q=e&cursor=${nextCursor}`),
      list(`?limit=1&status=active&sort=-createdAt&cursor=${nextCursor}`),
      list(`?limit=1&status=active&cursor=${nextCursor}`, await asAdmin(app)),
      admin.call('GET', `/api/v1/data?cursor=${nextCursor}`),
    ];
    for (const { status, body } of await Promise.all(others)) {
      expect([status, body.code]).toEqual([400, 'cursor_invalid']);
    }
  });

  it('cannot be changed by a character', async () => {
    const { nextCursor } = (await list('?limit=1')).body;
    const changed = [
      `${nextCursor}A`,
      nextCursor.slice(0, -1),
      `A${nextCursor.slice(1)}`,
      'x',
      nextCursor.toLowerCase(),
    ];
    for (const cursor of changed.filter((each) => each !== nextCursor)) {
      expect((await list(`?limit=1&cursor=${cursor}`)).body.code).toBe('cursor_invalid');
    }
  });
});
