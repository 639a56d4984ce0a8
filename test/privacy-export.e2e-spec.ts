import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anAccount, type Account } from './support/account.js';
import { testSettings } from './support/app.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { type Shown, TABLES } from './support/exported-tables.js';
import { recordQueries } from './support/queries.js';
import { startWall, type Wall } from './support/wall.js';

let app: Wall;
let me: Account;
let other: Account;
let admin: TestCaller;

beforeAll(async () => {
  // From an address of its own each time: the route takes five a minute from one.
  app = await startWall(testSettings);
  [me, other, admin] = [await anAccount(app), await anAccount(app), await asAdmin(app)];
  await me.call('POST', '/api/v1/users/me/deletion', { json: { password: me.password } });
});
afterAll(() => app.stop());

const PATH = '/api/v1/users/me/export';

type Row = Record<string, unknown>;
const rowsOf = (table: string, { mine }: Shown) => app.db.query<Row>(`SELECT * FROM ${table} WHERE ${mine}`, [me.id]);
const copyOf = async (caller: Pick<TestCaller, 'call'>) => {
  const { status, body } = await caller.call('GET', PATH);
  if (status !== 200) throw new Error(`the export answered ${status}`);
  return body as Record<string, Row[]> & { user: Row };
};
const shown = Object.entries(TABLES).flatMap(([table, entry]) =>
  typeof entry === 'string' ? [] : [[table, entry] as const],
);

describe('GET /api/v1/users/me/export', () => {
  it('answers with a file of JSON that no cache keeps', async () => {
    const { status, headers, body } = await me.call('GET', PATH);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="export.json"');
    expect(Object.keys(body).toSorted()).toEqual([
      'apiKeys',
      'audit',
      'grants',
      'oauthClients',
      'outsideAccounts',
      'passkeys',
      'password',
      'records',
      'recoveryCodes',
      'securityEvents',
      'sessions',
      'totp',
      'user',
    ]);
  });

  it('has been thought of for every table there is', async () => {
    const tables = await app.db.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    expect(tables.map(({ name }) => name).toSorted()).toEqual(Object.keys(TABLES).toSorted());
  });

  it.each(shown)('has every row and every column of mine in %s', async (table, entry) => {
    const [copy, rows] = [await copyOf(me), await rowsOf(table, entry)];
    const part = entry.part === 'user' ? [copy.user] : copy[entry.part];
    const empty = new Set(Object.keys(rows[0] ?? {}));
    for (const row of rows) {
      const values = Object.values(part?.find(({ id }) => entry.part === 'user' || id === row['id']) ?? {});
      const texts = new Set([...values, me.id].map((value) => JSON.stringify(value)));
      const columns = Object.keys(row).filter((column) => !(column in (entry.without ?? {})));
      expect([row['id'], columns.filter((column) => !texts.has(JSON.stringify(row[column])))]).toEqual([row['id'], []]);
      for (const column of columns) if (row[column] !== null) empty.delete(column);
    }
    // A column that is null in every row would have been compared with nothing.
    expect([...empty]).toEqual(Object.keys(entry.without ?? {}).filter((column) => empty.has(column)));
    if (entry.part !== 'user' && entry.part !== 'audit') expect(part).toHaveLength(rows.length);
  });

  it('has what was done to me and where I signed in, but not who else did it', async () => {
    await admin.call('PATCH', `/api/v1/users/${me.id}`, { json: { roles: ['user'] } });
    const text = JSON.stringify(await copyOf(me));
    const { audit = [] } = await copyOf(me);
    const about = await app.db.query<{ id: string }>(
      `SELECT id FROM audit_events WHERE actor_id = $1 OR target_id = $1 OR details::text LIKE $2 ORDER BY at, id`,
      [me.id, `%${me.id}%`],
    );
    expect(audit.map(({ id }) => id)).toEqual(about.map(({ id }) => id));
    const actions = audit.map(({ action }) => action);
    for (const action of ['user.registered', 'session.started', 'user.updated']) expect(actions).toContain(action);
    for (const secret of [admin.id, admin.sessionId]) expect(text).not.toContain(secret);
  });

  it('has no row of another, and nothing that lets anybody in', async () => {
    const { text } = await me.call('GET', PATH);
    const foreign = [other.id, other.email, other.username, other.sessionId, other.key.id, ...other.records];
    const [{ hash } = { hash: '' }] = await app.db.query<{ hash: string }>(
      'SELECT hash FROM passwords WHERE user_id = $1',
      [me.id],
    );
    for (const value of [...foreign, ...me.secrets, hash, '$argon2']) {
      expect([value, text.includes(value)]).toEqual([value, false]);
    }
    // Anything of 32 bytes, in either spelling: a hash of a token, or a secret.
    expect(text).not.toMatch(/\\\\x[0-9a-f]{32}|[0-9a-f]{64}|"data":\[\d/);
  });

  it('shows the restricted records of an account that may not see them now', async () => {
    const person = await anAccount(app);
    await admin.call('PATCH', `/api/v1/users/${person.id}`, { json: { roles: ['reader'] } });
    const { records = [] } = await copyOf(person);
    expect(records.map(({ id }) => id)).toEqual(person.records);
  });

  it('of somebody new is whole as well', async () => {
    const { user, sessions, apiKeys, records } = await copyOf(await asUser(app));
    expect(user['deletionDueAt']).toBeNull();
    expect([sessions?.length, apiKeys, records]).toEqual([1, [], []]);
  });
});

describe('the export of an account with 5,000 records of 8 kB and 3,000 audit rows', () => {
  let big: TestCaller;
  beforeAll(async () => {
    big = await asUser(app);
    await app.db.query(
      `INSERT INTO records (id, owner_id, name, classification, content)
       SELECT gen_random_uuid(), $1, 'big', 'public', to_json(repeat('x', 8000)) FROM generate_series(1, 5000)`,
      [big.id],
    );
    // Many of one moment: a page ends among them.
    await app.db.query(
      `INSERT INTO audit_events (id, at, actor_kind, actor_id, action, target_id)
       SELECT gen_random_uuid(), now() - n / 700 * interval '1 hour', 'user', $1, 'user.updated', $1
       FROM generate_series(1, 3000) n`,
      [big.id],
    );
  });

  it('waits for its reader: what is not asked for is not read', async () => {
    const recorder = recordQueries();
    let pages = 0;
    const count = () => (pages += recorder.take().filter((text) => text.includes('FROM "records"')).length);
    try {
      const { body } = await fetch(app.url + PATH, {
        headers: { authorization: `Bearer ${big.token}`, 'x-forwarded-for': app.address() },
      });
      const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ''; !text.includes('"records":[{"id"');) text += (await reader.read()).value ?? '';
      // Until what buffers there are between here and there are full.
      for (let before = -1; before !== count();) {
        before = pages;
        for (let i = 0; i < 100; i += 1) await app.call('GET', '/health/ready');
      }
      expect(pages).toBeGreaterThan(0);
      expect(pages).toBeLessThan(25);
      await reader.cancel();
      expect((await copyOf(big))['records']).toHaveLength(5000);
      expect(count()).toBeGreaterThan(50);
    } finally {
      recorder.stop();
    }
  });

  it('has every row once', async () => {
    const { records = [], audit = [] } = await copyOf(big);
    expect(new Set(records.map(({ id }) => id)).size).toBe(5000);
    // The registration, the login, and those above.
    expect([audit.length, new Set(audit.map(({ id }) => id)).size]).toEqual([3002, 3002]);
  });
});

describe('an export that fails', () => {
  const whileMissing = async (table: string, work: () => Promise<void>) => {
    await app.db.query(`ALTER TABLE ${table} RENAME TO missing`);
    try {
      await work();
    } finally {
      await app.db.query(`ALTER TABLE missing RENAME TO ${table}`);
    }
  };

  it('before it has begun answers with a problem', async () => {
    await whileMissing('users', async () => {
      const { status, headers, body } = await me.call('GET', PATH);
      expect([status, body.code, headers.get('content-disposition')]).toEqual([500, 'internal_error', null]);
      expect(headers.get('content-type')).toContain('application/problem+json');
    });
  });

  it('half way is cut off: it never looks whole', async () => {
    await whileMissing('records', async () => {
      await expect(me.call('GET', PATH)).rejects.toThrow('terminated');
    });
  });
});
