// @ts-check
import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, Interrupted, codeOf } from './faults.mjs';
import { readText, writePrivate } from './files.mjs';
import { freePort } from './network.mjs';
import { doesNotStart, endLeftover, lockedOut, openHome, systemId } from './postgres-data.mjs';
import { pause } from './processes.mjs';
import { serverEnv } from './postgres-place.mjs';

const HOST = '127.0.0.1';
const ATTEMPTS = 20;

/**
 * @typedef {object} Cluster
 * @property {string} id changes when the data folder is a new one
 * @property {string} dir
 * @property {number} pid
 * @property {string} adminUrl of the superuser: may create databases and roles
 * @property {(name: string) => Promise<string>} urlOf the database of that name, made when missing, and its owner's URL
 * @property {Promise<void>} exited
 * @property {(options?: { hurry?: AbortSignal }) => Promise<void>} stop
 */

/**
 * Starts PostgreSQL on the folder `name`, in a session of its own: Ctrl-C in the terminal must not reach it before the
 * API has drained. Throws a Fault when the folder is broken.
 * @param {import('./postgres-place.mjs').Place} place
 * @param {string} name
 * @param {{ signal: AbortSignal, settings?: Record<string, string>, throwaway?: boolean }} options
 * @returns {Promise<Cluster>}
 */
export async function startCluster(place, name, { signal, settings = {}, throwaway = false }) {
  const home = await openHome(place, name, { signal, throwaway });
  await endLeftover(home.data);
  const remembered = join(home.dir, 'port');
  let port = await freePort(Number(readText(remembered)));
  for (let attempt = 1; ; attempt++) {
    if (signal.aborted) throw new Interrupted();
    const server = launch(place, home, port, settings);
    if (await isReady(server, home.data, signal)) {
      if (!throwaway) writePrivate(remembered, String(port));
      return describeCluster(home, server, port, throwaway);
    }
    const words = readText(home.log) ?? '';
    // Backends of a killed server leave a moment after it.
    const lingering = /shared memory block .* still in use/.test(words);
    const taken = /could not bind|could not create any TCP/i.test(words);
    const reason = /(?:FATAL|PANIC): {2}(.*)/.exec(words)?.[1] ?? `no reason given, see ${home.log}`;
    if ((!lingering && !taken) || attempt === ATTEMPTS) throw doesNotStart(home, reason);
    if (taken) port = await freePort();
    else await pause(250);
  }
}

/**
 * @param {import('./postgres-place.mjs').Place} place
 * @param {import('./postgres-data.mjs').Home} home
 * @param {number} port
 * @param {Record<string, string>} settings
 */
function launch(place, home, port, settings) {
  const all = {
    listen_addresses: HOST,
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  };
  const args = ['-D', home.data, '-p', String(port), ...Object.entries(all).flatMap(([k, v]) => ['-c', `${k}=${v}`])];
  // A file, not a pipe: after a kill of this script the server must not die of a reader that is gone.
  const log = openSync(home.log, 'w', 0o600);
  const child = spawn(join(place.native, 'bin', 'postgres'), args, {
    ...place.owner,
    cwd: '/',
    env: serverEnv(),
    detached: true,
    windowsHide: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return child;
}

/**
 * @param {import('node:child_process').ChildProcess} server
 * @param {string} data
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} false when it exited
 */
async function isReady(server, data, signal) {
  let failed = false;
  server.once('error', () => (failed = true));
  for (let stopping = false; ;) {
    // Recovery after a crash can take long: a stop must not wait for it.
    if (signal.aborted && !stopping) stopping = server.kill('SIGINT');
    const exited = failed || server.exitCode !== null || server.signalCode !== null;
    if (exited && signal.aborted) throw new Interrupted();
    if (exited) return false;
    const lines = readText(join(data, 'postmaster.pid'))?.split('\n') ?? [];
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return true;
    await pause(15);
  }
}

/**
 * @param {import('./postgres-data.mjs').Home} home
 * @param {import('node:child_process').ChildProcess} server
 * @param {number} port
 * @param {boolean} throwaway
 * @returns {Cluster}
 */
function describeCluster(home, server, port, throwaway) {
  const adminUrl = `postgres://postgres:${home.passwords.superuser}@${HOST}:${port}/postgres`;
  /** @type {Promise<void>} */
  const exited = new Promise((done) => server.once('exit', () => done()));
  if (server.exitCode !== null || server.signalCode !== null) throw doesNotStart(home, 'it ended at once');
  return {
    id: systemId(home.data),
    dir: home.dir,
    pid: server.pid ?? 0,
    adminUrl,
    exited,
    async urlOf(name) {
      await provide(adminUrl, name, home.passwords.app, home.dir);
      return `postgres://${name}:${home.passwords.app}@${HOST}:${port}/${name}`;
    },
    async stop({ hurry } = {}) {
      const quit = () => server.kill('SIGQUIT');
      // What is thrown away needs no checkpoint.
      server.kill(throwaway || hurry?.aborted ? 'SIGQUIT' : 'SIGINT');
      hurry?.addEventListener('abort', quit);
      const timers = [setTimeout(quit, 10_000), setTimeout(() => server.kill('SIGKILL'), 15_000)];
      await exited;
      timers.forEach(clearTimeout);
      hurry?.removeEventListener('abort', quit);
      if (throwaway) rmSync(home.dir, { recursive: true, force: true });
    },
  };
}

/**
 * A role without special rights and the database it owns: the API meets the same limits here as with a hosted database.
 * @param {string} adminUrl
 * @param {string} name
 * @param {string} password base64url: needs no quoting
 * @param {string} dir
 */
async function provide(adminUrl, name, password, dir) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: adminUrl });
  try {
    await client.connect();
    const { rows } = await client.query(
      'SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS role, EXISTS (SELECT FROM pg_database WHERE datname = $1) AS database',
      [name],
    );
    if (!rows[0].role) await client.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
    if (!rows[0].database) await client.query(`CREATE DATABASE ${name} OWNER ${name}`);
  } catch (error) {
    if (codeOf(error) === '28P01') throw lockedOut(dir);
    throw error instanceof Error ? new Fault(`The embedded database does not answer: ${error.message}`) : error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
