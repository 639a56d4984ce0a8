// @ts-check
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { startCluster } from '../lib/embedded-postgres.mjs';
import { codeOf } from '../lib/faults.mjs';
import { root, writePrivate } from '../lib/files.mjs';
import { claimTestFolder } from '../lib/test-database.mjs';

/** What is acknowledged has to survive a kill of the server, though not of the machine. */
const SETTINGS = { fsync: 'off', max_connections: '200' };
const TEMPLATE = 'rampart_template';

/**
 * @typedef {object} Database
 * @property {string} url
 * @property {(sql: string, values?: unknown[]) => Promise<any[]>} query
 * @property {() => Promise<void>} end closes the connections of `query`, and leaves nothing in a folder of its own
 */

/** A PostgreSQL that can be taken away in every way, with one migrated database to copy. */
export class LabCluster {
  /**
   * @param {string} stateDir
   * @param {AbortSignal} signal
   * @param {string} node
   */
  static async start(stateDir, signal, node) {
    const { place, name } = await claimTestFolder(stateDir);
    const start = () => startCluster(place, name, { signal, settings: SETTINGS, throwaway: true });
    const lab = new LabCluster(start, await start(), place.owner);
    try {
      await lab.#admin((client) => client.query(`CREATE DATABASE ${TEMPLATE}`));
      const env = {
        NODE_ENV: 'test',
        DATABASE_URL: lab.#urlOf(TEMPLATE),
        SECRET_KEY: randomBytes(32).toString('base64'),
      };
      await promisify(execFile)(node, [join('dist', 'cli', 'migrate.js')], { cwd: root, env, signal });
      return lab;
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  #start;
  #server;
  /** @type {Promise<import('../lib/embedded-postgres.mjs').Cluster> | undefined} */
  #starting;

  /**
   * @param {() => Promise<import('../lib/embedded-postgres.mjs').Cluster>} start
   * @param {import('../lib/embedded-postgres.mjs').Cluster} server
   * @param {{ uid: number, gid: number } | null} owner who runs it, null for ourselves
   */
  constructor(start, server, owner) {
    this.owner = owner;
    this.#start = start;
    this.#server = server;
  }

  /**
   * A migrated database of one fault's own, in this empty folder when there is one.
   * @param {string} [folder]
   * @returns {Promise<Database>}
   */
  async database(folder) {
    const name = `rampart_torture_${randomBytes(6).toString('hex')}`;
    const space = folder === undefined ? '' : `TABLESPACE ${name}`;
    await this.#admin(async (client) => {
      if (space) await client.query(`CREATE TABLESPACE ${name} LOCATION '${folder}'`);
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} ${space}`);
    });
    const url = this.#urlOf(name);
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    // The server is taken away with intent: an idle connection that is lost with it is no news.
    pool.on('error', () => undefined);
    const end = async () => {
      await pool.end();
      if (!space) return;
      // A server that misses one of its folders does not come up again.
      await this.#admin((client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
      await this.#admin((client) => client.query(`DROP TABLESPACE ${name}`));
    };
    return { url, query: async (sql, values = []) => (await pool.query(sql, values)).rows, end };
  }

  /** Every process of it, at once. */
  async kill() {
    const { pid, exited } = this.#server;
    for (const each of [pid, ...childrenOf(pid)]) send(each, 'SIGKILL');
    await exited;
  }

  /** Nothing is answered, nothing is closed. */
  freeze() {
    const { pid } = this.#server;
    send(pid, 'SIGSTOP');
    for (const each of childrenOf(pid)) send(each, 'SIGSTOP');
  }

  thaw() {
    const { pid } = this.#server;
    for (const each of [...childrenOf(pid), pid]) send(each, 'SIGCONT');
  }

  /** As an operator would: connections are cut, what is committed is written. */
  async shutDown() {
    send(this.#server.pid, 'SIGINT');
    await this.#server.exited;
  }

  /** Again on the same port and folder, after an end of whatever kind. */
  async up() {
    writePrivate(join(this.#server.dir, 'port'), new URL(this.#server.adminUrl).port);
    this.#starting = this.#start();
    this.#server = await this.#starting;
  }

  async stop() {
    this.thaw();
    // A start that was interrupted ends what it began.
    await this.#starting?.catch(() => undefined);
    await this.#server.stop();
  }

  /** @param {string} name */
  #urlOf(name) {
    const url = new URL(this.#server.adminUrl);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** @param {(client: pg.Client) => Promise<unknown>} work */
  async #admin(work) {
    const client = new pg.Client({ connectionString: this.#server.adminUrl });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  }
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function send(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/**
 * The backends of a server, which have left its process group.
 * @param {number} parent
 */
function childrenOf(parent) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

/** @param {number} pid */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    // It ended meanwhile.
    return 0;
  }
}
