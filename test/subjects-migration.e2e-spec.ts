import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataSourceOptions } from '../src/database/options.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { hold, waitingBackends } from './support/locks.js';
import { aStoredRecord, aUser } from './support/rows.js';

let db: TestDatabase;
let dataSource: DataSource;
beforeAll(async () => {
  db = await createDatabase();
  const { hostname: host, port, username: user, password, pathname } = new URL(db.adminUrl);
  const place = { host, port: Number(port), user, password, database: pathname.slice(1) };
  dataSource = await new DataSource(dataSourceOptions(place as never, 2)).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await db.drop();
});

const nameOf = (migration: string) => migration.replace(/\d+$/, '');
const applied = async () =>
  (await db.query<{ name: string }>('SELECT name FROM migrations ORDER BY id')).map(({ name }) => nameOf(name));

/** Takes back every migration from this one on. */
async function undo(first: string): Promise<void> {
  while ((await applied()).includes(first)) await dataSource.undoLastMigration({ transaction: 'each' });
}
const redo = () => dataSource.runMigrations({ transaction: 'each' });

const count = async (table: string) => (await db.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`))[0]?.n;
const keepAnswer = (subject: string) =>
  db.query(
    `INSERT INTO idempotency_keys (subject, route, key, body_hash, status, headers, body, expires_at)
     VALUES ($1, 'r', 'k', '', 201, '{}', '{}', now() + interval '1 day')`,
    [subject],
  );

describe('the migrations of subjects', () => {
  it('make everybody there is a subject, and lose nothing but what was kept for somebody gone', async () => {
    await undo('Subjects');
    const [ada, bob] = [await aUser(db), await aUser(db)];
    await aStoredRecord(db, ada);
    for (const subject of [ada, randomUUID()]) await keepAnswer(subject);
    await redo();
    expect(await db.query('SELECT id FROM subjects EXCEPT SELECT id FROM users')).toEqual([]);
    expect([await count('subjects'), await count('records')]).toEqual([2, 1]);
    expect(await db.query('SELECT subject FROM idempotency_keys')).toEqual([{ subject: ada }]);
    for (const id of [ada, bob]) await db.query('DELETE FROM users WHERE id = $1', [id]);
    expect([await count('subjects'), await count('records'), await count('idempotency_keys')]).toEqual([0, 0, 0]);
  });

  it('can be taken back where others than people own something, which goes then, and only that', async () => {
    const [person, machine] = [await aUser(db), randomUUID()];
    await db.query('INSERT INTO subjects VALUES ($1)', [machine]);
    for (const owner of [person, machine]) await aStoredRecord(db, owner);
    await undo('Subjects');
    expect(await db.query('SELECT owner_id AS id FROM records')).toEqual([{ id: person }]);
    await db.query('DELETE FROM users WHERE id = $1', [person]);
    expect(await count('records')).toBe(0);
    await redo();
  });

  it('leave no subject of somebody who is deleted at that moment', async () => {
    const [person, other] = [await aUser(db), await aUser(db)];
    await undo('SubjectsOfUsers');
    const release = await hold(db, 'DELETE FROM users WHERE id = $1', [person]);
    // Those that follow wait for the tables, and after the rows of this one are committed.
    const migrated = redo();
    await waitingBackends(db);
    expect(await applied()).not.toContain('SubjectsOfUsers');
    await release('COMMIT');
    await migrated;
    expect(await db.query('SELECT id FROM subjects')).toEqual([{ id: other }]);
  });
});
