import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asUser, type TestCaller } from '../support/callers.js';
import { Cluster, whyNoDisk } from '../support/cluster.js';
import { aRequest, type Answered, notRefused, type Ready } from '../support/every-route.js';
import { aRecord } from '../support/factories.js';
import { type OnCluster, startOnCluster } from '../support/on-cluster.js';
import { skips } from '../support/programs.js';
import { until } from '../../scripts/lib/until.mjs';

const RECOVERY_MS = 1_000;
/** The smallest segments of the log, so that the disk has room for several. */
const SETTINGS = { min_wal_size: '32MB', max_wal_size: '64MB' };

let cluster: Cluster;
let app: OnCluster;
let user: TestCaller;

beforeAll(async () => {
  cluster = await Cluster.start({ diskMegabytes: 256, settings: SETTINGS });
  app = await startOnCluster(cluster);
  user = await asUser(app);
});
afterAll(async () => {
  await app.stop();
  await cluster.remove();
});

const aWrite = (content: unknown) =>
  aRequest(user, 'POST /data', 'POST', '/api/v1/data', { json: aRecord({ content }) });
const large = () => aWrite({ text: randomBytes(22_000).toString('hex') });
const small = () => aWrite({});

/** While there is no room: what is refused is refused rightly, and nothing else is said. */
async function withoutRoom(writes: Ready[]): Promise<Answered[]> {
  const answered: Answered[] = [];
  for (const write of writes) answered.push(await write.send());
  expect((await app.call('GET', '/health/live')).status).toBe(200);
  const refused = answered.filter(({ answer }) => answer.status !== 201);
  expect(refused).not.toEqual([]);
  expect(notRefused(refused)).toEqual([]);
  return answered;
}

/**
 * What is missing of what was acknowledged, when there is room again. PostgreSQL may have to be started, and takes its own time to
 * recover.
 */
async function lost(answered: readonly Answered[]): Promise<string[]> {
  cluster.free();
  await cluster.reopen();
  await until(async () => (await large().send()).answer.status === 201, RECOVERY_MS);
  const kept = await app.db.query<{ id: string }>('SELECT id FROM records');
  const acknowledged = answered.flatMap(({ answer }) => (answer.status === 201 ? [answer.body.id] : []));
  expect(acknowledged).not.toEqual([]);
  expect(app.instance.child.exitCode).toBeNull();
  expect(app.instance.output()).toBe('');
  return acknowledged.filter((id) => !kept.some((row) => row.id === id));
}

/** Uses up what the log of the database has left on its disk, at which PostgreSQL ends itself. */
async function exhaustLog(): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.adminUrl });
  client.on('error', () => undefined);
  await client.connect();
  const write = () => client.query(`SELECT pg_logical_emit_message(false, 'fill', repeat('x', 1000000))`);
  for (let full = false; !full;)
    full = await write().then(
      () => false,
      () => true,
    );
}

describe.skipIf(skips(whyNoDisk()))('a database whose disk is full', () => {
  it('answers 503 to what it cannot keep, keeps what it acknowledged, and writes again when there is room', async () => {
    const before = [await large().send(), await small().send()];
    await cluster.fill();
    const answered = await withoutRoom(Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? large() : small())));
    expect(await lost([...before, ...answered])).toEqual([]);
  });

  it('does so too where it ends itself because its log has no room', async () => {
    const before = [await large().send(), await small().send()];
    await cluster.fill();
    await exhaustLog();
    const answered = await withoutRoom(Array.from({ length: 10 }, small));
    expect(await lost([...before, ...answered])).toEqual([]);
  });
});
