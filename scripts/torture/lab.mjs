// @ts-check
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpClient } from '../lab/http-client.mjs';
import { Background, findProgram, listening } from '../lab/processes.mjs';

/** Limits that no load of ours reaches: a fault that is about one sets it. */
const SETTINGS = {
  NODE_ENV: 'test',
  LOG_LEVEL: 'warn',
  HOST: '127.0.0.1',
  PORT: '0',
  PUBLIC_URL: 'http://localhost:3000',
  DRAIN_DELAY_SECONDS: '0',
  RATE_LIMIT_ADDRESS: '100000000/minute',
  RATE_LIMIT_ANONYMOUS: '100000000/minute',
  RATE_LIMIT_PRINCIPAL: '100000000/minute',
  RATE_LIMIT_SENSITIVE: '100000000/minute',
};

/** Where one fault happens: everything it starts is here, and ends with it. */
export class Lab {
  /** @type {(() => unknown)[]} */
  #ends = [];
  #secret = randomBytes(32).toString('base64');
  /** @type {string | undefined} */
  #folder;
  #closed = false;

  /**
   * @param {object} options
   * @param {string} options.node
   * @param {import('../lab/cluster.mjs').LabCluster} options.cluster
   * @param {(text: string) => void} [options.tell] how far it is, for who watches
   */
  constructor({ node, cluster, tell = () => undefined }) {
    this.node = node;
    this.cluster = cluster;
    this.tell = tell;
  }

  /**
   * The last thing to end is what began first.
   * @param {() => unknown} end
   */
  atEnd(end) {
    if (this.#closed) throw new Error('the lab is closed');
    this.#ends.push(end);
  }

  /** @param {string} [folder] where PostgreSQL shall keep it */
  async database(folder) {
    const database = await this.cluster.database(folder);
    this.atEnd(() => database.end());
    return database;
  }

  /**
   * A process of this fault, which is ended with it from its first moment on.
   * @param {string} program
   * @param {string[]} args
   * @param {{ env?: NodeJS.ProcessEnv, ipc?: boolean }} [options]
   */
  background(program, args, options) {
    if (this.#closed) throw new Error('the lab is closed');
    const process = new Background(findProgram(program) ?? program, args, options);
    this.atEnd(() => process.stop());
    return process;
  }

  /**
   * The built application, once it listens.
   * @param {NodeJS.ProcessEnv} settings
   * @returns {Promise<import('../lab/processes.mjs').Api>}
   */
  async api(settings) {
    const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
    const env = { PATH, HOME, NODE_COMPILE_CACHE, ...SETTINGS, SECRET_KEY: this.#secret, ...settings };
    const api = this.background(this.node, [join('dist', 'main.js')], { env, ipc: true });
    return Object.assign(api, { port: await listening(api) });
  }

  /**
   * @param {number} port
   * @param {import('../lab/http-client.mjs').ClientOptions} [options]
   */
  client(port, options) {
    const client = new HttpClient(port, options);
    this.atEnd(() => client.close());
    return client;
  }

  /** For files that programs want. */
  get folder() {
    if (!this.#folder) {
      const folder = mkdtempSync(join(tmpdir(), 'rampart-torture-'));
      this.#folder = folder;
      this.atEnd(() => rmSync(folder, { recursive: true, force: true }));
    }
    return this.#folder;
  }

  async close() {
    this.#closed = true;
    for (const end of this.#ends.toReversed()) {
      try {
        await end();
      } catch {
        // What fails to end must not keep the others running.
      }
    }
  }
}
