import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, withKey } from './support/callers.js';
import { feedBackends, whileFrozen, skipUnlessFreezable } from './support/feed.js';
import type { RequestOptions } from './support/http.js';
import { type Instance, startInstance } from './support/process.js';
import { until } from '../scripts/lib/until.mjs';

const DEADLINE_MS = 1000;

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

describe('when the feed of another process is disturbed', () => {
  let second: Instance;
  let feed: number;

  // Each time another process: what it remembers and the backend of its feed are new.
  beforeEach(async () => {
    const before = await feedBackends(app.db);
    second = await startInstance(app.settings);
    feed = (await feedBackends(app.db)).find((pid) => !before.includes(pid)) ?? 0;
    expect(feed).toBeGreaterThan(0);
  });
  afterEach(() => second.stop());

  const statusOf = async (options: RequestOptions, path = '/api/v1/users/me') =>
    (await second.call('GET', path, options)).status;

  /** A session, a key and an administrator's session, each used by the second process, and how each of them ends. */
  async function credentials() {
    const [admin, user, owner, demoted] = [
      await asAdmin(app),
      await asUser(app),
      await asUser(app),
      await asAdmin(app),
    ];
    const { id, key } = await withKey(app, owner, { scopes: ['profile:read'] });
    const probes = [
      { of: { token: user.token }, path: '/api/v1/users/me', refusal: 401 },
      { of: { key }, path: '/api/v1/users/me', refusal: 401 },
      { of: { token: demoted.token }, path: '/api/v1/users', refusal: 403 },
    ];
    for (const { of, path } of [...probes, ...probes]) expect(await statusOf(of, path)).toBe(200);
    const end = () =>
      Promise.all([
        user.call('POST', '/api/v1/auth/logout'),
        owner.call('DELETE', `/api/v1/api-keys/${id}`),
        admin.call('PATCH', `/api/v1/users/${demoted.id}`, { json: { roles: ['user'] } }),
      ]);
    return { bystander: owner, probes, end };
  }

  /** Ends everything, and expects that the second process has followed a second later. */
  async function expectFollowed({ probes, end }: Awaited<ReturnType<typeof credentials>>): Promise<void> {
    expect((await end()).map(({ status }) => status)).toEqual([204, 204, 200]);
    const since = performance.now();
    await Promise.all(
      probes.map(({ of, path, refusal }) =>
        until(async () => (await statusOf(of, path)) === refusal, DEADLINE_MS, since),
      ),
    );
  }

  it('a frozen backend delays no revocation beyond a second', async (context: TestContext) => {
    await skipUnlessFreezable(context, app.db, feed);
    const all = await credentials();
    await whileFrozen(app.db, feed, async () => {
      await expectFollowed(all);
      expect(await statusOf({ token: all.bystander.token })).toBe(200);
    });
    return undefined;
  });

  it('a terminated backend loses no revocation of the moment', async () => {
    const all = await credentials();
    const terminated = app.db.query('SELECT pg_terminate_backend($1) AS done', [feed]);
    await expectFollowed(all);
    expect(await terminated).toEqual([{ done: true }]);
    await until(async () => (await feedBackends(app.db)).length === 2, 10_000);
    expect(await feedBackends(app.db)).not.toContain(feed);
    for (const { of, path, refusal } of all.probes) expect(await statusOf(of, path)).toBe(refusal);
  });
});
