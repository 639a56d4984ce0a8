import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser } from './support/callers.js';
import { aRecord } from './support/factories.js';
import { hold, waitingBackends } from './support/locks.js';
import { aStoredRecord, aUser } from './support/rows.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const subjects = (id: string) => app.db.query('SELECT id FROM subjects WHERE id = $1', [id]);
const records = (owner: string) => app.db.query('SELECT id FROM records WHERE owner_id = $1', [owner]);
const REMOVE = 'DELETE FROM users WHERE id = $1';
const INSERT = `INSERT INTO records (id, owner_id, name, classification, content)
  VALUES (gen_random_uuid(), $1, 'n', 'public', '{}')`;

describe('a person', () => {
  it('is a subject from registration on, until they are deleted, by a role that may do neither itself', async () => {
    const [admin, user] = [await asAdmin(app), await asUser(app)];
    expect(await subjects(user.id)).toHaveLength(1);
    expect((await user.call('POST', '/api/v1/data', { json: aRecord() })).status).toBe(201);
    expect((await admin.call('DELETE', `/api/v1/users/${user.id}`)).status).toBe(204);
    expect([await subjects(user.id), await records(user.id)]).toEqual([[], []]);
  });

  it('takes along every record, and nobody else’s', async () => {
    const [mine, others] = [await aUser(app.db), await aUser(app.db)];
    for (const owner of [mine, mine, others]) await aStoredRecord(app.db, owner);
    await app.db.query(REMOVE, [mine]);
    expect([await records(mine), await records(others)]).toEqual([[], [expect.anything()]]);
    expect([await subjects(mine), await subjects(others)]).toEqual([[], [expect.anything()]]);
  });

  it('that could not be inserted is no subject', async () => {
    const taken = await aUser(app.db);
    const id = randomUUID();
    const copy = `INSERT INTO users (id, email, email_key, roles, status)
      SELECT $1, email, email_key, roles, status FROM users WHERE id = $2`;
    await expect(app.db.query(copy, [id, taken])).rejects.toMatchObject({ constraint: 'users_email_key' });
    expect(await subjects(id)).toEqual([]);
  });
});

describe('a record that is inserted while its owner is deleted', () => {
  it('goes too, when it was there first', async () => {
    const owner = await aUser(app.db);
    const release = await hold(app.db, INSERT, [owner]);
    const removed = app.db.query(REMOVE, [owner]);
    await waitingBackends(app.db);
    await release('COMMIT');
    await removed;
    expect([await records(owner), await subjects(owner)]).toEqual([[], []]);
  });

  it('is refused, when the owner went first', async () => {
    const owner = await aUser(app.db);
    const release = await hold(app.db, REMOVE, [owner]);
    const inserted = app.db.query(INSERT, [owner]).catch((error: { constraint?: string }) => error.constraint);
    await waitingBackends(app.db);
    await release('COMMIT');
    expect(await inserted).toBe('records_owner');
    expect(await records(owner)).toEqual([]);
  });

  it('stays, when the owner stays after all', async () => {
    const owner = await aUser(app.db);
    const release = await hold(app.db, REMOVE, [owner]);
    const inserted = app.db.query(INSERT, [owner]);
    await waitingBackends(app.db);
    await release('ROLLBACK');
    await inserted;
    expect([await records(owner), await subjects(owner)]).toEqual([[expect.anything()], [expect.anything()]]);
  });
});

describe('another table of owners', () => {
  it('is made one by two triggers and a reference', async () => {
    await app.db.query(`
      CREATE TABLE machines (id uuid PRIMARY KEY CONSTRAINT machines_subject REFERENCES subjects);
      CREATE TRIGGER machines_add_subject BEFORE INSERT ON machines FOR EACH ROW EXECUTE FUNCTION keep_subject();
      CREATE TRIGGER machines_remove_subject AFTER DELETE ON machines FOR EACH ROW EXECUTE FUNCTION keep_subject();
    `);
    const [machine, person] = [randomUUID(), await aUser(app.db)];
    await app.db.query('INSERT INTO machines VALUES ($1)', [machine]);
    await aStoredRecord(app.db, machine);
    await expect(app.db.query('INSERT INTO machines VALUES ($1)', [person])).rejects.toMatchObject({
      constraint: 'subjects_pkey',
    });
    await app.db.query('DELETE FROM machines WHERE id = $1', [machine]);
    expect([await records(machine), await subjects(machine)]).toEqual([[], []]);
    expect(await subjects(person)).toHaveLength(1);
  });
});
