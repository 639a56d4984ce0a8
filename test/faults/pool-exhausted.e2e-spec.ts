import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { asUser, type TestCaller, withKey } from '../support/callers.js';
import { ANSWER_MS, aRequest, notRefused, sendAll } from '../support/every-route.js';
import { aRecord } from '../support/factories.js';
import { hold } from '../support/locks.js';
import { until } from '../../scripts/lib/until.mjs';

const POOL = 4;
const RECOVERY_MS = 1_000;

let app: TestApp;
let user: TestCaller;

beforeAll(async () => {
  app = await startApp({ DATABASE_POOL_SIZE: String(POOL) });
  user = await asUser(app);
});
afterAll(() => app.stop());

/** Writes and reads of the locked table, as many as would fill the pool three times over. */
function crowd(key: string) {
  const create = aRequest(user, 'POST', 'POST', '/api/v1/data', { json: aRecord() });
  const read = aRequest(app, 'GET', 'GET', '/api/v1/data', { key });
  return Array.from({ length: POOL * 3 }, (_, i) => (i % 2 === 0 ? create : read));
}

describe('a locked table that holds every connection of the pool', () => {
  it('is answered 503 in time to all who need it, and has no say in who is alive', async () => {
    const { key } = await withKey(app, user);
    const release = await hold(app.db, 'LOCK TABLE records IN ACCESS EXCLUSIVE MODE');
    const answered = sendAll(crowd(key));
    expect((await app.call('GET', '/health/live')).status).toBe(200);
    expect(notRefused(await answered)).toEqual([]);
    await release();
    const { id } = (await user.call('POST', '/api/v1/data', { json: aRecord() })).body;
    expect((await user.call('GET', `/api/v1/data/${id}`)).status).toBe(200);
    expect(await app.db.query('SELECT id FROM records')).toHaveLength(1);
  });

  it('keeps those who need another table, and readiness, waiting no longer', async () => {
    const { key } = await withKey(app, user);
    const { email, password } = user;
    const release = await hold(app.db, 'LOCK TABLE records IN ACCESS EXCLUSIVE MODE');
    const over = new AbortController();
    // The next comes as soon as one has its answer: there is never a free connection for long.
    const crowded = crowd(key).map(async (each) => {
      while (!over.signal.aborted) expect(notRefused([await each.send()])).toEqual([]);
    });
    const others = [
      aRequest(app, 'login', 'POST', '/api/v1/auth/login', { json: { email, password } }),
      aRequest(app, 'ready', 'GET', '/health/ready', {}),
      aRequest(app, 'me', 'GET', '/api/v1/users/me', { token: user.token }),
      aRequest(app, 'keys', 'GET', '/api/v1/api-keys', { token: user.token }),
    ];
    const answered = await sendAll([...others, ...others, ...others]);
    over.abort();
    await Promise.all(crowded);
    await release();
    // Some find a connection, and have no reason to be refused.
    expect(answered.map(({ answer }) => [200, 503].includes(answer.status))).not.toContain(false);
    expect(answered.filter(({ ms }) => ms >= ANSWER_MS)).toEqual([]);
    expect(notRefused(answered.filter(({ answer }) => answer.status !== 200))).toEqual([]);
    await until(async () => (await user.call('POST', '/api/v1/data', { json: aRecord() })).status === 201, RECOVERY_MS);
  });
});
