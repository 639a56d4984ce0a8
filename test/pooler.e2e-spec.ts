import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, login } from './support/callers.js';
import { startPooler } from './support/pooler.js';
import { startInstance, startRefused } from './support/process.js';

const REASON =
  'a connection pooler is between, through which no revocation is heard; set FEED_DATABASE_URL to the database itself';

let app: TestApp;
let pooler: Awaited<ReturnType<typeof startPooler>>;
beforeAll(async () => {
  app = await startApp();
  pooler = await startPooler(app.db.url);
});
afterAll(async () => {
  pooler.stop();
  await app.stop();
});

describe('a database behind a connection pooler', () => {
  it.each([
    ['DATABASE_URL', () => ({ DATABASE_URL: pooler.url })],
    ['FEED_DATABASE_URL', () => ({ FEED_DATABASE_URL: pooler.url })],
  ])('is refused at start where %s would have to hear revocations through it', async (name, settings) => {
    const { code, output, opened } = await startRefused({ ...app.settings, ...settings() });
    expect([code, output, opened]).toEqual([1, `rampart: cannot start: ${name}: ${REASON}\n`, []]);
  });

  it('serves with FEED_DATABASE_URL, and hears at once what another instance revokes', async () => {
    const instance = await startInstance({
      ...app.settings,
      DATABASE_URL: pooler.url,
      FEED_DATABASE_URL: app.db.url,
    });
    try {
      const caller = await asUser(app);
      const second = await login(app, caller);
      const me = () => instance.call('GET', '/api/v1/users/me', { token: second.token });
      expect((await me()).status).toBe(200);
      await second.call('POST', '/api/v1/auth/logout');
      await expect.poll(async () => (await me()).status, { timeout: 1000 }).toBe(401);
    } finally {
      await instance.stop();
    }
  });
});
