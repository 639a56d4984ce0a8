import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asUser, type TestCaller } from '../support/callers.js';
import { Cluster } from '../support/cluster.js';
import { aRequest, everyRoute, notRefused, notServed, type Ready, sendAll } from '../support/every-route.js';
import { aPerson, aRecord } from '../support/factories.js';
import { hold, waitingBackends } from '../support/locks.js';
import { makeKinds } from '../support/matrix.js';
import { type OnCluster, startOnCluster } from '../support/on-cluster.js';
import { until } from '../../scripts/lib/until.mjs';

const RECOVERY_MS = 1_000;
/** For what is no promise of the contract, on a busy machine. */
const PATIENCE_MS = 20_000;

let cluster: Cluster;
let app: OnCluster;
let user: TestCaller;

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.remove());

interface Fault {
  readonly name: string;
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

const LASTING: Fault[] = [
  { name: 'killed', begin: () => cluster.kill(), end: () => cluster.open() },
  { name: 'frozen', begin: () => cluster.freeze(), end: () => cluster.thaw() },
  { name: 'restarted', begin: () => cluster.close(), end: () => cluster.open() },
];
/** PostgreSQL comes back from this by itself, when it likes. */
const CRASH: Fault = { name: 'crashing', begin: () => cluster.killBackends(), end: () => undefined };

const live = async () => (await app.call('GET', '/health/live')).status;
const isBack = async () => (await user.call('GET', '/api/v1/data')).status === 200;

/** From the return of the database on: a route that needs it, then all of them, in the process that was there before. */
async function recovered(ready: readonly Ready[], withinMs = RECOVERY_MS): Promise<void> {
  await until(isBack, withinMs);
  expect(notServed(await sendAll(ready))).toEqual([]);
  expect((await app.call('GET', '/health/ready')).status).toBe(200);
  expect(app.instance.child.exitCode).toBeNull();
  expect(app.instance.output()).toBe('');
}

async function startAnew(): Promise<void> {
  app = await startOnCluster(cluster);
  user = await asUser(app);
}

/** While the fault lasts; it ends whatever happens. */
async function during<T>(fault: Fault, work: () => Promise<T>): Promise<T> {
  await fault.begin();
  try {
    return await work();
  } finally {
    await fault.end();
  }
}

/** What those were answered that waited in the database when it happened, where that was wrong. */
async function inFlight(fault: Fault, withinMs = RECOVERY_MS): Promise<string[]> {
  const { body: record } = await user.call('POST', '/api/v1/data', { json: aRecord() });
  const change = { json: { name: 'new' }, headers: { 'if-match': '*' } };
  const patch = aRequest(user, 'PATCH', 'PATCH', `/api/v1/data/${record.id}`, change);
  const release = await hold(app.db, 'SELECT 1 FROM records FOR UPDATE');
  const waiting = sendAll(Array.from({ length: 5 }, () => patch));
  await waitingBackends(app.db, 5);
  const wrong = await during(fault, async () => notRefused(await waiting));
  await release().catch(() => undefined);
  await recovered([patch], withinMs);
  expect((await user.call('GET', `/api/v1/data/${record.id}`)).body.name).toBe('new');
  return wrong;
}

/** The records that were acknowledged before, while and after it happened, and are not there. */
async function lost(fault: Fault): Promise<string[]> {
  const over = new AbortController();
  const acknowledged: string[] = [];
  let refused = 0;
  const write = async () => {
    while (!over.signal.aborted) {
      const { status, body } = await user.call('POST', '/api/v1/data', { json: aRecord() });
      expect([201, 503]).toContain(status);
      if (status === 201) acknowledged.push(body.id);
      else refused += 1;
    }
  };
  const writers = Promise.all(Array.from({ length: 4 }, write));
  const more = async () => {
    const before = acknowledged.length;
    await until(() => Promise.resolve(acknowledged.length > before + 10), PATIENCE_MS);
  };
  try {
    await more();
    // Somebody must be in the middle of it: a crash can be over before the next write comes.
    const release = await hold(app.db, 'LOCK TABLE records IN EXCLUSIVE MODE');
    await waitingBackends(app.db);
    await during(fault, () => until(() => Promise.resolve(refused > 0), PATIENCE_MS));
    await release().catch(() => undefined);
    await more();
  } finally {
    over.abort();
    await writers;
  }
  const kept = await app.db.query<{ id: string }>('SELECT id FROM records');
  return acknowledged.filter((id) => !kept.some((row) => row.id === id));
}

describe.each(LASTING)('while the database is $name', (fault) => {
  beforeAll(startAnew);
  afterAll(() => app.stop());

  it('every route that needs it is answered 503 in time, and serves again when it is back', async () => {
    const { admin } = await makeKinds(app);
    const ready = await everyRoute(app, admin);
    expect(ready.length).toBeGreaterThan(30);
    await isBack();
    await during(fault, async () => {
      // At once, with what memory proves; and when the silence of the feed may have been noticed.
      for (let round = 1; round <= 2; round += 1) {
        expect(notRefused(await sendAll(ready))).toEqual([]);
        expect(await live()).toBe(200);
      }
    });
    await recovered(ready);
  });

  it('a crowd that wants in does not wait for its passwords to be hashed first', async () => {
    const { email, password } = user;
    const crowd = Array.from({ length: 20 }, () => [
      aRequest(app, 'login', 'POST', '/api/v1/auth/login', { json: { email, password } }),
      aRequest(app, 'register', 'POST', '/api/v1/auth/register', { json: aPerson() }),
    ]).flat();
    await during(fault, async () => expect(notRefused(await sendAll(crowd))).toEqual([]));
    await recovered(crowd.slice(0, 2));
  });

  it('what was on its way when it happened is answered 503 in time', async () => {
    expect(await inFlight(fault)).toEqual([]);
  });

  it('nobody is let in on what is remembered of them for longer than the feed is believed', async () => {
    const reader = await asUser(app, ['reader']);
    const forbidden = async () => (await reader.call('POST', '/api/v1/data', { json: aRecord() })).status;
    expect(await forbidden()).toBe(403);
    await during(fault, async () => {
      await until(async () => (await forbidden()) === 503, RECOVERY_MS);
      expect(await forbidden()).toBe(503);
    });
    await until(async () => (await forbidden()) === 403, RECOVERY_MS);
  });

  it('no write that was acknowledged is lost', async () => {
    expect(await lost(fault)).toEqual([]);
  });

  // The last: the process is gone afterwards.
  it('SIGTERM ends the process as ever', async () => {
    expect(await during(fault, () => app.instance.stop('SIGTERM'))).toBe(0);
  });
});

describe('while the database is crashing', () => {
  beforeAll(startAnew);
  afterAll(() => app.stop());

  it('what was on its way is answered 503 in time', async () => {
    expect(await inFlight(CRASH, PATIENCE_MS)).toEqual([]);
  });

  it('no write that was acknowledged is lost', async () => {
    expect(await lost(CRASH)).toEqual([]);
  });
});
