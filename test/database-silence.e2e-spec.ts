import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, login, type TestCaller } from './support/callers.js';
import { aRecord } from './support/factories.js';
import { whileFrozen, skipUnlessFreezable } from './support/feed.js';
import { hold, waitingBackends } from './support/locks.js';

let app: TestApp;
let user: TestCaller;

beforeAll(async () => {
  app = await startApp({ DATABASE_POOL_SIZE: '1' });
  user = await asUser(app);
});
afterAll(() => app.stop());

const create = () => user.call('POST', '/api/v1/data', { json: aRecord() });
const records = () => app.db.query('SELECT id FROM records');
const REFUSED = [503, 'unavailable', '1'];

async function poolBackend(): Promise<number> {
  const [row] = await app.db.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rampart'`,
  );
  return row?.pid ?? 0;
}

describe('a request that needs the database', () => {
  it('is answered 503 when the database freezes, and the next one as ever when it thaws', async (context) => {
    await create();
    const pid = await poolBackend();
    await skipUnlessFreezable(context, app.db, pid);
    const { status, body, headers } = await whileFrozen(app.db, pid, create);
    expect([status, body.code, headers.get('retry-after')]).toEqual(REFUSED);
    const before = await records();
    expect((await create()).status).toBe(201);
    expect(await records()).toHaveLength(before.length + 1);
  });

  it('has the time of one for its credential and what it reads together', async () => {
    const { body } = await create();
    const { token } = await login(app, user);
    const releaseSessions = await hold(app.db, 'LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    const releaseRecords = await hold(app.db, 'LOCK TABLE records IN ACCESS EXCLUSIVE MODE');
    const read = app.call('GET', `/api/v1/data/${body.id}`, { token });
    await waitingBackends(app.db);
    await pause(800);
    await releaseSessions();
    // With a second of waiting here neither lock is held for longer than one question may take, both are for longer than a request may.
    await pause(1_000);
    await releaseRecords();
    expect((await read).status).toBe(503);
  });

  it('is answered 503 when somebody holds a lock for longer than a statement may take', async () => {
    const release = await hold(app.db, 'LOCK TABLE records IN ACCESS EXCLUSIVE MODE');
    const { status, body, headers } = await create();
    await release();
    expect([status, body.code, headers.get('retry-after')]).toEqual(REFUSED);
    expect((await create()).status).toBe(201);
  });
});
