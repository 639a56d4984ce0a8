import crypto from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { until } from '../scripts/lib/until.mjs';
import { startApp, type TestApp } from './support/app.js';
import { asUser, login, type TestCaller, withKey } from './support/callers.js';
import { aRecord } from './support/factories.js';
import type { Answer, RequestOptions } from './support/http.js';
import { lacks } from './support/programs.js';
import { recordQueries } from './support/queries.js';
import { RedisServer } from './support/redis.js';

const queries = recordQueries();
let app: TestApp;
let user: TestCaller;
let path: string;
beforeAll(async () => {
  app = await startApp();
  user = await asUser(app);
  path = String((await user.call('POST', '/api/v1/data', { json: aRecord() })).headers.get('location'));
});
afterAll(async () => {
  queries.stop();
  await app.stop();
});

/** The statements of a request, each by its first words. */
async function statementsOf(request: () => Promise<Answer>, status: number): Promise<string[]> {
  queries.take();
  expect((await request()).status).toBe(status);
  return queries.take().map((text) => /^\w+/.exec(text)?.[0] ?? text);
}

const begun = ['START', 'COMMIT'];
/** What happens within a transaction. */
const within = (statements: string[]) => statements.filter((word) => !begun.includes(word));

describe('a credential that was proved before', () => {
  it('is proved once: no signature and no standing is looked at again', async () => {
    const signatures = vi.spyOn(crypto, 'createVerify');
    try {
      const { token } = await login(app, user);
      const read = () => app.call('GET', path, { token });
      expect(await statementsOf(read, 200)).toEqual(['SELECT', 'SELECT']);
      expect(signatures).toHaveBeenCalledTimes(1);
      for (let i = 0; i < 3; i++) expect(await statementsOf(read, 200)).toEqual(['SELECT']);
      expect(signatures).toHaveBeenCalledTimes(1);
    } finally {
      signatures.mockRestore();
    }
  });

  it('needs no query to be refused', async () => {
    const narrow = await withKey(app, user, { scopes: ['profile:read'] });
    const used = await withKey(app, user, { rateLimit: '1/day' });
    await narrow.call('GET', path);
    await used.call('GET', path);
    expect(await statementsOf(() => narrow.call('GET', path), 403)).toEqual([]);
    expect(await statementsOf(() => used.call('GET', path), 429)).toEqual([]);
    expect(await statementsOf(() => app.call('GET', path), 401)).toEqual([]);
    expect(await statementsOf(() => app.call('GET', path, { key: `${used.key.slice(0, -1)}!` }), 401)).toEqual([]);
  });
});

describe('the statements of a request', () => {
  it.each<[string, number, string, () => string, RequestOptions, string[]]>([
    ['of a read', 200, 'GET', () => path, {}, ['SELECT']],
    ['of an unchanged record', 304, 'GET', () => path, { headers: { 'if-none-match': '"1"' } }, ['SELECT']],
    ['of a list', 200, 'GET', () => '/api/v1/data', {}, ['SELECT']],
    ['of a record to be stored', 201, 'POST', () => '/api/v1/data', { json: aRecord() }, ['INSERT', 'INSERT']],
    [
      'of a change',
      200,
      'PATCH',
      () => path,
      { headers: { 'if-match': '*' }, json: { name: 'new' } },
      ['SELECT', 'UPDATE', 'INSERT'],
    ],
    ['of one that is not there', 404, 'GET', () => path.slice(0, -12) + '000000000000', {}, ['SELECT']],
  ])('%s are these alone', async (_, status, method, to, options, expected) => {
    await user.call('GET', '/api/v1/users/me');
    const statements = await statementsOf(() => user.call(method, to(), options), status);
    expect(within(statements)).toEqual(expected);
    expect(statements.length - expected.length).toBe(method === 'GET' ? 0 : begun.length);
  });
});

describe.skipIf(lacks('redis-server'))('limits in Redis', () => {
  it('cost one round trip a step, two a request', async () => {
    const redis = await RedisServer.start();
    const shared = await startApp({ REDIS_URL: redis.url });
    try {
      const calls = async () =>
        Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(String(await redis.command('INFO', 'commandstats')))?.[1] ?? 0);
      const { call } = await asUser(shared);
      await until(async () => (await calls()) > 0);
      const before = await calls();
      for (let i = 0; i < 5; i++) expect((await call('GET', '/api/v1/users/me')).status).toBe(200);
      expect((await calls()) - before).toBe(10);
    } finally {
      await shared.stop();
      await redis.stop();
    }
  });
});
