import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller } from './support/callers.js';
import { aRecord } from './support/factories.js';
import { startInstance } from './support/process.js';

let app: TestApp;
let user: TestCaller;

beforeAll(async () => {
  app = await startApp();
  user = await asUser(app);
});
afterAll(() => app.stop());

describe('SIGTERM', () => {
  it('lets a request in flight finish, then ends with 0', async () => {
    const instance = await startInstance({ ...app.settings, LOG_LEVEL: 'info' });
    const { token } = user;
    const { body, headers } = await instance.call('POST', '/api/v1/data', { token, json: aRecord() });
    const holder = new pg.Client({ connectionString: app.db.url });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM records WHERE id = $1 FOR UPDATE', [body.id]);
    const ifMatch = { 'if-match': headers.get('etag') ?? '' };
    const patch = instance.call('PATCH', `/api/v1/data/${body.id}`, {
      token,
      json: { name: 'kept' },
      headers: ifMatch,
    });
    await waitingForLock(holder);
    const draining = new Promise<void>((resolve) => {
      instance.child.stdout?.on('data', (chunk: Buffer) => chunk.includes('draining') && resolve());
    });
    const ended = once(instance.child, 'exit');
    instance.child.kill('SIGTERM');
    await draining;
    await holder.query('COMMIT');
    await holder.end();
    expect((await patch).status).toBe(200);
    expect(await ended).toEqual([0, null]);
    expect((await user.call('GET', `/api/v1/data/${body.id}`)).body.name).toBe('kept');
  });
});

/** Until some backend of this database waits for the lock. */
async function waitingForLock(client: pg.Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (rowCount) return;
  }
}
