// @ts-check
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../../lib/faults.mjs';
import { mountDisk, whyNoDisk } from '../disk.mjs';
import { none } from '../fault.mjs';
import { halves } from '../invariants.mjs';
import { until } from '../../lib/until.mjs';
import { startLoad } from '../load.mjs';
import { anAccount, aRecord } from '../../lab/people.mjs';

const LASTS_MS = { long: 4000, short: 1500 };
const PROBE_MS = 50;
/** More than a page that is half full can take. */
const LARGE_BYTES = 40_000;

/**
 * What the probes saw while something was wrong.
 * @typedef {{ refused: number, slowestMs: number, otherwise: string[], notLive: string[] }} Seen
 */

/**
 * A fault of the database: begun, watched for a while, ended.
 * @param {object} about
 * @param {string} about.id
 * @param {string} about.how
 * @param {(lab: import('../lab.mjs').Lab, database: import('../../lab/cluster.mjs').Database) => unknown} about.begin
 * @param {(lab: import('../lab.mjs').Lab) => Promise<import('../../lab/cluster.mjs').Database>} [about.prepare]
 * @param {() => string | null} [about.cannot]
 * @param {(lab: import('../lab.mjs').Lab) => unknown} about.end
 * @returns {import('../fault.mjs').TortureFault}
 */
const postgresFault = ({ id, how, begin, end, cannot, prepare = (lab) => lab.database() }) => ({
  id,
  how: (form) => `${how}, for ${LASTS_MS[form] / 1000} seconds under load`,
  alone: true,
  cannot,
  async run(lab, form) {
    const database = await prepare(lab);
    const api = await lab.api({ DATABASE_URL: database.url });
    const client = lab.client(api.port);
    const account = await anAccount(client);
    // More than the pool has connections.
    const load = await startLoad(lab.client(api.port), { workers: 16 });
    await until(() => load.ledger.acknowledged > 20);
    await begin(lab, database);
    lab.tell('the database is away');
    const seen = await probe(client, account, LASTS_MS[form]);
    await end(lab);
    // A crash is recovered from before PostgreSQL lets anybody in.
    const returned = performance.now();
    await untilWritten(api, client, account);
    const recoveredMs = performance.now() - returned;
    await wait(500);
    const ledger = await load.stop();
    return [
      { what: 'writes acknowledged', value: ledger.acknowledged, least: 20 },
      { what: 'requests refused or cut off', value: ledger.failed },
      { what: 'probes refused: 503, Retry-After', value: seen.refused, least: 1 },
      none('probes refused otherwise', seen.otherwise),
      none('liveness other than 200', seen.notLive),
      { what: 'the slowest 503', value: seen.slowestMs / 1000, unit: ' s', most: 2, speed: true },
      { what: 'to recover', value: recoveredMs / 1000, unit: ' s', most: 1, speed: true },
      none('acknowledged writes lost', await ledger.missing(database)),
      none('things half written', await halves(database)),
    ];
  },
});

/**
 * A write and a look at liveness, one after the other, until the time is up.
 * @param {import('../../lab/http-client.mjs').HttpClient} client
 * @param {import('../../lab/people.mjs').Account} account
 * @param {number} forMs
 */
async function probe(client, account, forMs) {
  /** @type {Seen} */
  const seen = { refused: 0, slowestMs: 0, otherwise: [], notLive: [] };
  for (const begun = performance.now(); performance.now() - begun < forMs; await wait(PROBE_MS)) {
    const asked = performance.now();
    const answer = await write(client, account).catch(codeOf);
    seen.slowestMs = Math.max(seen.slowestMs, performance.now() - asked);
    const refusal = typeof answer === 'string' ? answer : String(answer.status);
    const isRight = typeof answer === 'object' && answer.status === 503 && answer.headers['retry-after'] !== undefined;
    if (isRight) seen.refused += 1;
    // Where there is no room for all, there may be some for one.
    else if (refusal !== '201') seen.otherwise.push(refusal);
    const live = await client.call('GET', '/health/live').then(({ status }) => status, codeOf);
    if (live !== 200) seen.notLive.push(String(live));
  }
  return seen;
}

/** @param {import('../../lab/processes.mjs').Api} api */
const lastWords = ({ output }) =>
  output.split('\n').findLast((line) => /"level":60\b/.test(line)) ?? output.slice(-500);

/**
 * Rejects with what was answered last when nothing is written for half a minute, or when the instance has ended.
 * @param {import('../../lab/processes.mjs').Api} api
 * @param {import('../../lab/http-client.mjs').HttpClient} client
 * @param {import('../../lab/people.mjs').Account} account
 */
async function untilWritten(api, client, account) {
  let last = '';
  const isWritten = async () => {
    if (!api.isRunning) throw new Error(`the API ended with ${api.child.exitCode}: ${lastWords(api)}`);
    const answer = await write(client, account).catch(codeOf);
    last = typeof answer === 'object' ? `${answer.status} ${JSON.stringify(answer.body)}` : answer;
    return typeof answer === 'object' && answer.status === 201;
  };
  await until(isWritten).catch((error) => {
    throw new Error(`nothing is written again, the last answer was ${last}: ${error.message}`, { cause: error });
  });
}

/**
 * @param {import('../../lab/http-client.mjs').HttpClient} client
 * @param {import('../../lab/people.mjs').Account} account
 */
const write = (client, { token }) => {
  const json = { ...aRecord(), content: randomBytes(LARGE_BYTES / 2).toString('hex') };
  return client.call('POST', '/api/v1/data', { token, json });
};

export const postgresKilled = postgresFault({
  id: 'pg-killed',
  how: 'kill -9 of every process of PostgreSQL',
  begin: ({ cluster }) => cluster.kill(),
  end: ({ cluster }) => cluster.up(),
});

export const postgresRestarted = postgresFault({
  id: 'pg-restarted',
  how: 'PostgreSQL shut down by its administrator, and started again',
  begin: ({ cluster }) => cluster.shutDown(),
  end: ({ cluster }) => cluster.up(),
});

export const postgresFrozen = postgresFault({
  id: 'pg-frozen',
  how: 'PostgreSQL stopped with SIGSTOP, which closes no connection',
  begin: ({ cluster }) => cluster.freeze(),
  end: ({ cluster }) => cluster.thaw(),
});

/** @type {WeakMap<import('../lab.mjs').Lab, () => Promise<void>>} */
const locks = new WeakMap();

export const tableLocked = postgresFault({
  id: 'pg-locked',
  how: 'a table locked by somebody else, which takes every connection of the pool',
  async begin(lab, { url }) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    lab.atEnd(() => client.end());
    await client.query('BEGIN; LOCK TABLE records IN ACCESS EXCLUSIVE MODE');
    locks.set(lab, () => client.end());
  },
  end: (lab) => locks.get(lab)?.(),
});

/** @type {WeakMap<import('../lab.mjs').Lab, ReturnType<typeof mountDisk>>} */
const disks = new WeakMap();

export const diskFull = postgresFault({
  id: 'pg-disk-full',
  how: 'no byte left on the disk of the database',
  cannot: whyNoDisk,
  prepare: (lab) => {
    const disk = mountDisk(lab, lab.cluster.owner);
    disks.set(lab, disk);
    return lab.database(disk.folder);
  },
  begin: (lab) => disks.get(lab)?.fill(),
  end: (lab) => disks.get(lab)?.free(),
});
