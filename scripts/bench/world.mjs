// @ts-check
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeStateDir, stateDir } from '../lib/files.mjs';
import { NODE_FLAGS } from '../lib/node-runtime.mjs';
import { LabCluster } from '../lab/cluster.mjs';
import { HttpClient } from '../lab/http-client.mjs';
import { aKey, anAccount, aRecord } from '../lab/people.mjs';
import { Contestant, onCore } from './contestant.mjs';

export const PUBLIC_URL = 'http://localhost:3000';
const RECORDS = 100;
const NEVER = '1000000000/minute';

/**
 * Who asks, and for what.
 * @typedef {object} Cast
 * @property {import('../lab/people.mjs').Account} account
 * @property {string} key
 * @property {string} exhausted a key whose own limit is reached
 * @property {string} narrow a key that may not read
 * @property {string[]} records
 */

/** One PostgreSQL, everything that is measured on it, and a folder for logs: all of it is gone after `close()`. */
export class World {
  /** @param {{ node: string, signal: AbortSignal }} options */
  static async open({ node, signal }) {
    makeStateDir(stateDir);
    // Everything but what is measured: the load, and the database, which it starts.
    const [taskset] = onCore(1);
    if (taskset) spawnSync(taskset, ['-cp', '1', String(process.pid)]);
    return new World(node, await LabCluster.start(stateDir, signal, node));
  }

  #node;
  #cluster;
  #folder = mkdtempSync(join(tmpdir(), 'rampart-bench-'));
  #signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  #secret = randomBytes(32).toString('base64');
  /** @type {(() => unknown)[]} */
  #ends = [];

  /**
   * @param {string} node
   * @param {LabCluster} cluster
   */
  constructor(node, cluster) {
    this.#node = node;
    this.#cluster = cluster;
  }

  /** A migrated database. */
  async database() {
    const database = await this.#cluster.database();
    this.#ends.push(() => database.end());
    return database;
  }

  /**
   * A server on that database, with every layer on and limits that nobody reaches.
   * @param {{ name: string, script: string, databaseUrl: string, env?: NodeJS.ProcessEnv }} options
   */
  async start({ name, script, databaseUrl, env = {} }) {
    // Without the cache of compiled modules, as in the image: what is in it stays in memory.
    const { PATH, HOME } = process.env;
    const settings = {
      NODE_ENV: 'test',
      HOST: '127.0.0.1',
      PORT: '0',
      PUBLIC_URL,
      DATABASE_URL: databaseUrl,
      SIGNING_KEY: String(this.#signingKey),
      SECRET_KEY: this.#secret,
      RATE_LIMIT_ADDRESS: NEVER,
      RATE_LIMIT_ANONYMOUS: NEVER,
      RATE_LIMIT_PRINCIPAL: NEVER,
      RATE_LIMIT_SENSITIVE: NEVER,
      RATE_LIMIT_CLIENT: NEVER,
    };
    const contestant = await Contestant.start({
      name,
      node: this.#node,
      script,
      env: { PATH, HOME, ...settings, ...env },
      folder: this.#folder,
      args: script.startsWith('dist/bench') ? [] : NODE_FLAGS,
    });
    this.#ends.push(() => contestant.stop());
    return contestant;
  }

  /**
   * Somebody with a session, keys and records.
   * @param {number} port of the backend itself
   * @returns {Promise<Cast>}
   */
  async cast(port) {
    const client = new HttpClient(port);
    try {
      const account = await anAccount(client);
      const key = await aKey(client, account, { scopes: ['data:read', 'data:write'] });
      const narrow = await aKey(client, account, { scopes: ['profile:read'] });
      const exhausted = await aKey(client, account, { rateLimit: '1/day' });
      const records = [];
      for (let i = 0; i < RECORDS; i++) {
        const { body } = await client.call('POST', '/api/v1/data', { token: account.token, json: aRecord() });
        records.push(body.id);
      }
      return { account, key, exhausted, narrow, records };
    } finally {
      client.close();
    }
  }

  async close() {
    for (const end of this.#ends.toReversed()) await Promise.resolve(end()).catch(() => undefined);
    await this.#cluster.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
