import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller, withKey } from './support/callers.js';
import { aKey, aRecord } from './support/factories.js';
import type { Answer } from './support/http.js';
import { hold, waitingBackends } from './support/locks.js';
import { recordQueries } from './support/queries.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const DISABLE = `UPDATE users SET status = 'disabled' WHERE id = $1`;
const DELETE = 'DELETE FROM users WHERE id = $1';
const login = ({ email, password }: Pick<TestCaller, 'email' | 'password'>) =>
  app.call('POST', '/api/v1/auth/login', { json: { email, password } });

/** The answer to a request that was let in before a change of its account, and meets it at the end. */
async function whileEnding({ id }: TestCaller, sql: string, request: () => Promise<Answer>): Promise<Answer> {
  const release = await hold(app.db, sql, [id]);
  const answer = request();
  await waitingBackends(app.db);
  await release('COMMIT');
  return answer;
}

describe('a login of somebody who at this moment', () => {
  it('is disabled starts no session that would live again with the account', async () => {
    const user = await asUser(app);
    const { status, body } = await whileEnding(user, DISABLE, () => login(user));
    expect([status, body.code]).toEqual([401, 'credentials_invalid']);
    expect(await app.db.query('SELECT 1 FROM sessions WHERE user_id = $1', [user.id])).toHaveLength(1);
  });

  it('is deleted is refused like any other', async () => {
    const user = await asUser(app);
    const { status, body } = await whileEnding(user, DELETE, () => login(user));
    expect([status, body.code]).toEqual([401, 'credentials_invalid']);
  });
});

describe('a request of somebody who is deleted while it runs', () => {
  const json = aRecord();
  it.each<[string, (user: TestCaller, key: Awaited<ReturnType<typeof withKey>>) => Promise<Answer>]>([
    ['a record', (user) => user.call('POST', '/api/v1/data', { json })],
    ['a record by key', (_, key) => key.call('POST', '/api/v1/data', { json })],
    ['a repeatable record', (u) => u.call('POST', '/api/v1/data', { json, headers: { 'idempotency-key': 'once' } })],
    ['a key', (user) => user.call('POST', '/api/v1/api-keys', { json: aKey() })],
  ])('is a conflict and no fault of the server: %s', async (_, request) => {
    const user = await asUser(app);
    const key = await withKey(app, user, { scopes: ['data:write'] });
    const { status, body } = await whileEnding(user, DELETE, () => request(user, key));
    expect([status, body.code]).toEqual([409, 'conflict']);
  });
});

describe('a failed login', () => {
  it('asks the database the same, whether or not there is such an account', async () => {
    const [active, disabled] = [await asUser(app), await asUser(app)];
    await app.db.query(DISABLE, [disabled.id]);
    const queries = recordQueries();
    try {
      const asked: string[][] = [];
      for (const { email } of [active, disabled, { email: 'nobody@example.com' }]) {
        expect((await login({ email, password: 'not the password of anybody' })).status).toBe(401);
        asked.push(queries.take());
      }
      expect(asked[0]).toHaveLength(5);
      expect(asked[1]).toEqual(asked[0]);
      expect(asked[2]).toEqual(asked[0]);
    } finally {
      queries.stop();
    }
  });
});
