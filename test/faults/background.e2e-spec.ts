import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyUsage } from '../../src/api-keys/key-usage.js';
import { Housekeeping } from '../../src/database/housekeeping.js';
import { startApp, type TestApp } from '../support/app.js';
import { asUser, type TestCaller, withKey } from '../support/callers.js';
import { Cluster } from '../support/cluster.js';
import { onCluster } from '../support/on-cluster.js';

let cluster: Cluster;
let app: TestApp;
let db: TestApp['db'];
let user: TestCaller;

beforeAll(async () => {
  cluster = await Cluster.start();
  db = onCluster(await cluster.database('background'));
  app = await startApp({ DATABASE_URL: db.url });
  user = await asUser(app);
});
afterAll(async () => {
  await app.stop();
  await db.drop();
  await cluster.remove();
});

describe('what is done while nobody waits', () => {
  it('is not done while the database is away, and done when it is back', async () => {
    const key = await withKey(app, user);
    await key.call('GET', '/api/v1/data');
    await db.query(`INSERT INTO revocations (subject, created_at) VALUES ($1, now() - interval '1 year')`, [user.id]);
    const [housekeeping, usage] = [app.nest.get(Housekeeping), app.nest.get(KeyUsage)];
    await cluster.kill();
    await housekeeping.run();
    await expect(usage.flush()).rejects.toThrow(/ECONNREFUSED|Connection terminated/);
    await cluster.open();
    await housekeeping.run();
    await usage.flush();
    expect(await db.query(`SELECT 1 FROM revocations WHERE created_at < now() - interval '1 day'`)).toEqual([]);
    const used = 'SELECT last_used_at IS NOT NULL AS used FROM api_keys WHERE id = $1';
    expect(await db.query(used, [key.id])).toEqual([{ used: true }]);
  });

  it('does not keep a frozen database from being asked again', async () => {
    cluster.freeze();
    const run = app.nest.get(Housekeeping).run();
    expect((await app.call('GET', '/health/ready')).status).toBe(503);
    cluster.thaw();
    await run;
    expect((await app.call('GET', '/health/ready')).status).toBe(200);
  });
});
