// @ts-check
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Fault } from './faults.mjs';
import { readJson, readText, writePrivate } from './files.mjs';
import { commandLine, end, identityOf } from './processes.mjs';
import { runAsOwner } from './postgres-place.mjs';

/**
 * One database folder of ours: `data` is PostgreSQL's own, beside it what we must know to open it.
 * @typedef {object} Home
 * @property {string} dir
 * @property {string} data
 * @property {string} log
 * @property {{ superuser: string, app: string }} passwords
 */

export const MAJOR = '18';

/** @param {string} path */
const quoted = (path) => `'${path.replaceAll("'", `'\\''`)}'`;

/**
 * @param {string} data
 * @param {string} reason
 */
const broken = (data, reason) =>
  new Fault(
    `The database folder ${data} is broken (${reason}). ` +
      `Nothing was changed. To start with an empty one, move it away: mv ${quoted(data)} ${quoted(`${data}.broken`)}`,
  );

/**
 * @param {Home} home
 * @param {string} reason PostgreSQL's own
 */
export const doesNotStart = ({ data, log }, reason) =>
  new Fault(
    `PostgreSQL does not start on ${data}: ${reason} (its log is ${log}). ` +
      `If the folder is broken, move it away to start with an empty one: mv ${quoted(data)} ${quoted(`${data}.broken`)}`,
  );

/** @param {string} dir */
export const lockedOut = (dir) =>
  new Fault(
    `The passwords of the database in ${dir} are gone: put its passwords.json back, ` +
      `or move the folder away to start with an empty one: mv ${quoted(dir)} ${quoted(`${dir}.broken`)}`,
  );

/** @param {string} data */
const isEmpty = (data) => !existsSync(data) || (statSync(data).isDirectory() && readdirSync(data).length === 0);

/**
 * Opens the folder, making the cluster on the first call.
 * @param {import('./postgres-place.mjs').Place} place
 * @param {string} name
 * @param {{ signal: AbortSignal, throwaway: boolean }} options
 * @returns {Promise<Home>}
 */
export async function openHome(place, name, { signal, throwaway }) {
  const dir = join(place.base, name);
  const data = join(dir, 'data');
  mkdirSync(dir, { recursive: true });
  // As root the server's user passes through to `data`, which is its own; the files beside it are 0600.
  chmodSync(dir, place.owner ? 0o711 : 0o700);
  const file = join(dir, 'passwords.json');
  let passwords = readJson(file);
  if (isEmpty(data)) {
    passwords ??= { superuser: randomBytes(24).toString('base64url'), app: randomBytes(24).toString('base64url') };
    writePrivate(file, JSON.stringify(passwords));
    await makeCluster(place, dir, passwords.superuser, { signal, throwaway });
  }
  if (!passwords) throw lockedOut(dir);
  if (place.owner && statSync(data).uid === 0) {
    // No server ever runs as root: this is a copy that root made of somebody's checkout.
    spawnSync('chown', ['-R', `${place.owner.uid}:${place.owner.gid}`, data]);
  }
  const version = statSync(data).isDirectory() ? readText(join(data, 'PG_VERSION'))?.trim() : undefined;
  if (version === undefined) throw broken(data, 'PG_VERSION is missing');
  if (version !== MAJOR) throw broken(data, `PG_VERSION says ${version.slice(0, 20)}, this is PostgreSQL ${MAJOR}`);
  return { dir, data, log: join(dir, 'postgres.log'), passwords };
}

/**
 * Made beside its place and moved there when whole: a kill half-way leaves nothing that looks like a database.
 * @param {import('./postgres-place.mjs').Place} place
 * @param {string} dir
 * @param {string} password
 * @param {{ signal: AbortSignal, throwaway: boolean }} options
 */
async function makeCluster(place, dir, password, { signal, throwaway }) {
  // The initdb of a killed start may still be at work in its own draft: never in ours.
  for (const old of readdirSync(dir)) {
    if (old.startsWith('draft-')) rmSync(join(dir, old), { recursive: true, force: true, maxRetries: 3 });
  }
  const draft = join(dir, `draft-${process.pid}`);
  const passwordFile = `${draft}.password`;
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (place.owner) for (const path of [draft, passwordFile]) chownSync(path, place.owner.uid, place.owner.gid);
  const args = [`--pgdata=${draft}`, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  // Sorting and case that come with PostgreSQL itself are the same on every machine; the C library's are not.
  args.push(
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  );
  if (throwaway) args.push('--no-sync');
  try {
    const { code, output } = await runAsOwner(place, 'initdb', args, signal);
    if (code !== 0) throw new Fault(`initdb failed (exit ${code}), its output is above.`, { details: output });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(draft, join(dir, 'data'));
}

/**
 * Ends the server that a killed run left on this folder. A lock file that names anybody else is out of date, but
 * PostgreSQL would refuse to start: after a restart of a container its number usually belongs to another process, after
 * a kill to one that is not reaped yet.
 * @param {string} data
 */
export async function endLeftover(data) {
  const file = join(data, 'postmaster.pid');
  const pid = Number(readText(file)?.split('\n', 1)[0]);
  const identity = identityOf(pid);
  // PostgreSQL finds by itself whether backends of the old server still use the folder: by their shared memory.
  if (!identity || !commandLine(pid).includes(data)) {
    rmSync(file, { force: true });
    return;
  }
  const gone = await end(identity, [
    ['SIGINT', 10_000],
    ['SIGQUIT', 3_000],
  ]);
  if (!gone) throw new Fault(`A PostgreSQL (process ${pid}) on ${data} does not stop: end it, then start again.`);
}

/**
 * The number PostgreSQL gave this cluster when it was made: tells a new folder of the same name from the old one.
 * @param {string} data
 */
export function systemId(data) {
  const buffer = Buffer.alloc(8);
  const file = openSync(join(data, 'global', 'pg_control'), 'r');
  readSync(file, buffer, 0, 8, 0);
  closeSync(file);
  return buffer.toString('hex');
}
