import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BATCH, Housekeeping } from '../src/database/housekeeping.js';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { withClient } from './support/clients.js';
import { aPerson, aRecord } from './support/factories.js';
import { hold, waitingBackends } from './support/locks.js';
import { recordQueries } from './support/queries.js';
import { withTotp } from './support/totp.js';

const queries = recordQueries();
let app: TestApp;
let owner: TestCaller;
beforeAll(async () => {
  app = await startApp();
  owner = await asUser(app);
  await withClient(owner);
});
afterAll(async () => {
  queries.stop();
  await app.stop();
});

const run = () => app.nest.get(Housekeeping).run();
const count = async (sql: string) => (await app.db.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`))[0]?.n;

const MANY = 2 * BATCH + 100;
const ID = `md5('backlog' || i)::uuid`;
/** More than two batches of everything that is over: what is counted, and how it is made. */
const backlogs: readonly [of: string, columns: string, values: string][] = [
  [
    'sessions',
    'id, user_id, client_id, network, idle_expires_at, expires_at',
    `${ID}, $1, 'backlog', 'none', now() - interval '2 days', now()`,
  ],
  ['refresh_tokens', 'hash, session_id, used_at', `sha256(int8send(i)), ${ID}, now() - interval '2 days'`],
  [
    'records',
    'id, owner_id, name, classification, content, deleted_at',
    `${ID}, $1, 'backlog', 'public', '0', now() - interval '31 days'`,
  ],
  [
    'idempotency_keys',
    'subject, route, key, body_hash, status, headers, body, expires_at',
    `$1, 'POST /data', i::text, '', 201::smallint, '{}', '{}', now() - interval '1 minute'`,
  ],
  ['revocations', 'subject, created_at', `$1, now() - interval '2 days'`],
  [
    'attempts',
    'key, count, counted_at, retry_at',
    `sha256(int8send(i) || uuid_send($1)), 10, now() - interval '9001 seconds', now() - interval '2 hours'`,
  ],
  ['invitations', 'token_hash, user_id, expires_at', `sha256(int8send(i)), $1, now() - interval '1 minute'`],
  ['challenges', 'hash, purpose, user_id, expires_at', `sha256(int8send(i)), 'second_factor', $1, now()`],
  [
    'email_tokens',
    'hash, mail_id, user_id, purpose, email, expires_at',
    `sha256(int8send(i)), ${ID}, $1, 'verify_email', 'a@b.cd', now() - interval '25 hours'`,
  ],
  [
    'oauth_client_secrets',
    'hash, client_id, expires_at',
    `sha256(int8send(i)), (SELECT id FROM oauth_clients WHERE owner_id = $1), now() - interval '1 second'`,
  ],
  ['security_events', 'id, user_id, kind, at', `${ID}, $1, 'key.created', now() - interval '367 days'`],
  [
    'outgoing_mails',
    'id, kind, user_id, payload, sent_at, expires_at',
    `${ID}, 'backlog', $1, '{}', now() - interval '2 days', now() - interval '1 day'`,
  ],
];

describe('a backlog', () => {
  it.each(backlogs.filter(([of]) => of !== 'refresh_tokens'))(
    'of %s is gone after one run, a batch at a time',
    async (of, columns, values) => {
      const before = await count(of);
      const rows = `SELECT ${values} FROM generate_series(1, ${MANY}) AS i`;
      await app.db.query(`INSERT INTO ${of} (${columns}) ${rows}`, [owner.id]);
      queries.take();
      await run();
      const deletions = queries.takeStatements().filter(({ text }) => text.includes(`DELETE FROM ${of}`));
      expect(await count(of)).toBe(before);
      expect(deletions.map(({ values: [limit] }) => limit)).toEqual([BATCH, BATCH, BATCH]);
    },
  );

  it('of sessions that were used for months is worked off by their tokens, and leaves the others alone', async () => {
    const before = await Promise.all([count('sessions'), count('refresh_tokens')]);
    const [[, sessionColumns, session], [, tokenColumns, token]] = backlogs as [
      (typeof backlogs)[0],
      (typeof backlogs)[0],
    ];
    await app.db.query(`INSERT INTO sessions (${sessionColumns}) SELECT ${session} FROM generate_series(1, 2) AS i`, [
      owner.id,
    ]);
    await app.db.query(
      `INSERT INTO refresh_tokens (${tokenColumns})
       SELECT ${token.replace(ID, `md5('backlog' || 1 + i % 2)::uuid`)} FROM generate_series(1, ${MANY}) AS i`,
    );
    queries.take();
    await run();
    expect(await Promise.all([count('sessions'), count('refresh_tokens')])).toEqual(before);
    const deletions = queries.take().filter((text) => text.includes('DELETE FROM refresh_tokens'));
    expect(deletions).toHaveLength(3);
    expect((await owner.call('GET', '/api/v1/users/me')).status).toBe(200);
  });

  it('of sealed successors loses what is sealed and keeps the tokens', async () => {
    const session = owner.sessionId;
    await app.db.query(
      `INSERT INTO refresh_tokens (hash, session_id, used_at, successor_sealed)
       SELECT sha256(int8send(i)), $1, now() - interval '1 minute', '\\x00' FROM generate_series(1, ${MANY}) AS i`,
      [session],
    );
    await run();
    expect(await count('refresh_tokens WHERE successor_sealed IS NOT NULL')).toBe(0);
    expect(await count(`refresh_tokens WHERE session_id = '${session}'`)).toBe(MANY + 1);
  });
});

describe('a secret for one-time passwords', () => {
  it('that nobody confirmed is gone after an hour, and one that somebody did stays', async () => {
    const [late, early, on] = [await asUser(app), await asUser(app), await withTotp(app, await asUser(app))];
    for (const { call } of [late, early]) await call('POST', '/api/v1/users/me/mfa/totp');
    await app.db.query(`UPDATE totp_factors SET created_at = now() - interval '61 minutes' WHERE user_id = ANY ($1)`, [
      [late.id, on.id],
    ]);
    await run();
    const left = await app.db.query<{ id: string }>('SELECT user_id AS id FROM totp_factors');
    expect(left.map(({ id }) => id).toSorted()).toEqual([early.id, on.id].toSorted());
  });
});

describe('an invitation', () => {
  it('that nobody accepted in time loses its link, and its person stays invited', async () => {
    const admin = await asAdmin(app);
    const invite = async () => (await admin.call('POST', '/api/v1/users', { json: { email: aPerson().email } })).body;
    const [late, early] = [await invite(), await invite()];
    await app.db.query(`UPDATE invitations SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [late.id]);
    await run();
    expect(await count(`invitations WHERE user_id = '${late.id}'`)).toBe(0);
    expect(await count(`invitations WHERE user_id = '${early.id}'`)).toBe(1);
    expect((await admin.call('GET', `/api/v1/users/${late.id}`)).body.status).toBe('invited');
  });
});

/** Runs while a change is under way, which is committed when the run has ended, or waits for it. */
async function runBeside(release: Awaited<ReturnType<typeof hold>>): Promise<void> {
  const running = run();
  await Promise.race([running, waitingBackends(app.db).catch(() => undefined)]);
  await release('COMMIT');
  await running;
}

describe('what somebody changes at the last moment', () => {
  it('is neither waited for nor removed: a record that is being restored', async () => {
    const { id } = (await owner.call('POST', '/api/v1/data', { json: aRecord() })).body;
    await owner.call('DELETE', `/api/v1/data/${id}`, { headers: { 'if-match': '*' } });
    await app.db.query(`UPDATE records SET deleted_at = now() - interval '31 days' WHERE id = $1`, [id]);
    const release = await hold(app.db, 'UPDATE records SET deleted_at = NULL WHERE id = $1', [id]);
    await runBeside(release);
    expect((await owner.call('GET', `/api/v1/data/${id}`)).status).toBe(200);
  });

  it('is neither waited for nor removed: an idempotency key that is being used again', async () => {
    const headers = { 'idempotency-key': 'again' };
    const json = aRecord();
    const first = await owner.call('POST', '/api/v1/data', { headers, json });
    await app.db.query(`UPDATE idempotency_keys SET expires_at = now() - interval '1 minute' WHERE key = 'again'`);
    const renewed = `UPDATE idempotency_keys SET expires_at = now() + interval '1 day' WHERE key = 'again'`;
    const release = await hold(app.db, renewed);
    await runBeside(release);
    expect((await owner.call('POST', '/api/v1/data', { headers, json })).body.id).toBe(first.body.id);
  });
});

describe('a run', () => {
  it('ends with its process, however much is left', async () => {
    const other = await startApp();
    const housekeeping = other.nest.get(Housekeeping);
    let steps = 0;
    const begun = new Promise<void>((resolve) => {
      housekeeping.register('endless', () => {
        steps += 1;
        resolve();
        return new Promise((done) => setImmediate(done, true));
      });
    });
    const running = housekeeping.run();
    await begun;
    await other.stop();
    const reached = steps;
    await running;
    expect(steps).toBe(reached);
  });
});
