import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller, withKey } from './support/callers.js';
import { aRecord } from './support/factories.js';
import { feedBackends, whileCutOff, whileFrozen, skipUnlessFreezable } from './support/feed.js';
import type { RequestOptions } from './support/http.js';
import { startInstance } from './support/process.js';
import { recordQueries } from './support/queries.js';
import { until } from '../scripts/lib/until.mjs';

let app: TestApp;
const queries = recordQueries();

beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  queries.stop();
  await app.stop();
});

// First, before any timer of a minute can write.
describe('in the steady state', () => {
  /** Sends 50 requests and returns the statements they cost. */
  async function costOf(path: string, options: RequestOptions, expected: number): Promise<string[]> {
    const method = options.json ? 'POST' : 'GET';
    await app.call(method, path, options);
    queries.take();
    for (let i = 0; i < 50; i += 1) expect((await app.call(method, path, options)).status).toBe(expected);
    return queries.take();
  }
  const credentials: Record<string, (owner: TestCaller) => Promise<RequestOptions>> = {
    token: async ({ token }) => ({ token }),
    key: async (owner) => ({ key: (await withKey(app, owner, { scopes: ['data:read', 'data:write'] })).key }),
  };

  it.each(Object.entries(credentials))('a %s costs no query beside the read itself', async (_, present) => {
    const owner = await asUser(app);
    const { body } = await owner.call('POST', '/api/v1/data', { json: aRecord() });
    const cost = await costOf(`/api/v1/data/${body.id}`, await present(owner), 200);
    expect(cost).toHaveLength(50);
    expect([...new Set(cost)]).toEqual([expect.stringMatching(/^SELECT .* FROM records r\s+WHERE r\.id = \$1/s)]);
  });

  it.each(Object.entries(credentials))('a %s costs no query at all where the input is refused', async (_, present) => {
    const credential = await present(await asUser(app));
    expect(await costOf('/api/v1/data', { ...credential, json: aRecord({ name: 1 }) }, 400)).toEqual([]);
  });
});

describe('while the feed of this process is silent', () => {
  const statusOf = async (options: RequestOptions, path = '/api/v1/users/me') =>
    (await app.call('GET', path, options)).status;

  /** Whether a credential that was proved before is proved again with this request. */
  async function asksAgain({ token }: TestCaller): Promise<boolean> {
    queries.take();
    expect(await statusOf({ token })).toBe(200);
    return queries.take().some((text) => text.includes('FROM sessions'));
  }

  it('every request asks the database, and none does when it is back', async (context: TestContext) => {
    const [feed = 0] = await feedBackends(app.db);
    await skipUnlessFreezable(context, app.db, feed);
    const caller = await asUser(app);
    await asksAgain(caller);
    expect(await asksAgain(caller)).toBe(false);
    return whileFrozen(app.db, feed, async () => {
      await until(() => asksAgain(caller), 1000);
      await until(async () => !(await asksAgain(caller)), 5000);
    });
  });

  it('what another process revokes is replayed before memory counts again', async () => {
    await until(async () => (await feedBackends(app.db)).length === 1, 5000);
    const [feed = 0] = await feedBackends(app.db);
    const second = await startInstance(app.settings);
    try {
      const [admin, user, owner, demoted] = [
        await asAdmin(app),
        await asUser(app),
        await asUser(app),
        await asAdmin(app),
      ];
      const { id, key } = await withKey(app, owner, { scopes: ['profile:read'] });
      const all = [
        { of: { token: user.token }, path: '/api/v1/users/me', refusal: 401 },
        { of: { key }, path: '/api/v1/users/me', refusal: 401 },
        { of: { token: demoted.token }, path: '/api/v1/users', refusal: 403 },
      ];
      for (const { of, path } of [...all, ...all]) expect(await statusOf(of, path)).toBe(200);

      await whileCutOff(app.db, feed, async () => {
        const logout = await second.call('POST', '/api/v1/auth/logout', { token: user.token });
        const deletion = await second.call('DELETE', `/api/v1/api-keys/${id}`, { token: owner.token });
        const roles = { token: admin.token, json: { roles: ['user'] } };
        const demotion = await second.call('PATCH', `/api/v1/users/${demoted.id}`, roles);
        expect([logout.status, deletion.status, demotion.status]).toEqual([204, 204, 200]);
        expect(await feedBackends(app.db)).not.toContain(feed);
        expect(await feedBackends(app.db)).toHaveLength(1);
      });
      // Nobody has asked with them meanwhile: all three are still remembered, if nothing was replayed.
      await asksAgain(owner);
      await until(async () => !(await asksAgain(owner)), 10_000);
      for (const { of, path, refusal } of all) expect(await statusOf(of, path)).toBe(refusal);
    } finally {
      await second.stop();
    }
  });
});
