import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { startApp, type TestApp } from '../support/app.js';
import { asAdmin, asUser, type TestCaller } from '../support/callers.js';
import { createDatabase } from '../support/database.js';
import { aRecord } from '../support/factories.js';
import type { Answer } from '../support/http.js';
import { hold, waitingBackends } from '../support/locks.js';
import { until } from '../../scripts/lib/until.mjs';

let app: TestApp;
let user: TestCaller;
let admin: TestCaller;

beforeAll(async () => {
  app = await startApp();
  [user, admin] = await Promise.all([asUser(app), asAdmin(app)]);
});
afterAll(() => app.stop());

const deadlocks = async (): Promise<number> => {
  const [row] = await app.db.query<{ n: string }>(
    'SELECT deadlocks AS n FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(row?.n);
};

/** A transaction that locks the one table, and the other when the request that has it waits for the one: one of them must go. */
async function inDeadlock(late: string, early: string, request: () => Promise<Answer>): Promise<Answer> {
  const before = await deadlocks();
  const client = new pg.Client({ connectionString: app.db.adminUrl });
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${late} IN ACCESS EXCLUSIVE MODE`);
  const answer = request();
  await waitingBackends(app.db);
  // The request has waited longer: it is the one that looks for the deadlock, and loses.
  await client.query(`LOCK TABLE ${early} IN ACCESS EXCLUSIVE MODE; ROLLBACK`);
  await client.end();
  const answered = await answer;
  // PostgreSQL counts in its own time.
  await until(async () => (await deadlocks()) > before, 10_000);
  return answered;
}

describe('a request that loses in a deadlock', () => {
  it('is done all the same, once, and its answer is the one that is given again', async () => {
    const json = aRecord();
    const create = () => user.call('POST', '/api/v1/data', { json, headers: { 'idempotency-key': 'deadlock' } });
    const { status, body } = await inDeadlock('audit_events', 'records', create);
    expect(status).toBe(201);
    const again = await create();
    expect([again.status, again.body]).toEqual([201, body]);
    expect(await app.db.query('SELECT id FROM records WHERE owner_id = $1', [user.id])).toHaveLength(1);
    const audited = `SELECT id FROM audit_events WHERE action = 'record.created' AND target_id = $1`;
    expect(await app.db.query(audited, [body.id])).toHaveLength(1);
  });

  it('has revoked what it changed when it answers', async () => {
    const person = await asUser(app);
    expect((await person.call('GET', '/api/v1/users/me')).status).toBe(200);
    const disable = () => admin.call('PATCH', `/api/v1/users/${person.id}`, { json: { status: 'disabled' } });
    expect((await inDeadlock('revocations', 'audit_events', disable)).status).toBe(200);
    expect((await person.call('GET', '/api/v1/users/me')).status).toBe(401);
    const revoked = 'SELECT 1 FROM revocations WHERE subject = $1';
    expect(await app.db.query(revoked, [person.id])).toHaveLength(1);
  });
});

describe('two requests in a deadlock with a third', () => {
  it('are both done', async () => {
    const before = await deadlocks();
    const person = await asUser(app);
    const client = new pg.Client({ connectionString: app.db.adminUrl });
    await client.connect();
    await client.query('BEGIN');
    await client.query(`INSERT INTO users (id, email, email_key, username, username_key, roles, status)
      VALUES (gen_random_uuid(), 'holder@example.com', 'holder@example.com', 'wanted', 'wanted', '{user}', 'active')`);
    // The first has the person and waits for the name, the second the administrators and waits for the person.
    const first = person.call('PATCH', '/api/v1/users/me', { json: { username: 'wanted' } });
    await waitingBackends(app.db, 1);
    const second = admin.call('PATCH', `/api/v1/users/${person.id}`, { json: { roles: ['user', 'auditor'] } });
    await waitingBackends(app.db, 2);
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('administrators', 0))`);
    await client.query('ROLLBACK');
    await client.end();
    expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200]);
    const { username, roles } = (await person.call('GET', '/api/v1/users/me')).body;
    expect([username, roles]).toEqual(['wanted', ['user', 'auditor']]);
    await until(async () => (await deadlocks()) > before, 10_000);
  });
});

describe('a request that cannot be put in order with others', () => {
  it('is done after them, where the database serializes more than it must', async () => {
    const db = await createDatabase();
    await db.query(`ALTER ROLE CURRENT_USER IN DATABASE ${new URL(db.url).pathname.slice(1)}
      SET default_transaction_isolation = 'repeatable read'`);
    const strict = await startApp({ DATABASE_URL: db.url });
    const owner = await asUser(strict);
    const { body: record } = await owner.call('POST', '/api/v1/data', { json: aRecord() });
    const release = await hold(db, `UPDATE records SET name = 'theirs', version = version + 1`);
    const change = owner.call('PATCH', `/api/v1/data/${record.id}`, {
      json: { tags: ['mine'] },
      headers: { 'if-match': '*' },
    });
    await waitingBackends(db);
    await release('COMMIT');
    expect((await change).status).toBe(200);
    const { name, tags, version } = (await owner.call('GET', `/api/v1/data/${record.id}`)).body;
    expect([name, tags, version]).toEqual(['theirs', ['mine'], 3]);
    await strict.stop();
    await db.drop();
  });
});
