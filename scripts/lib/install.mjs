// @ts-check
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Fault } from './faults.mjs';
import { readJson, readText, root } from './files.mjs';
import { runStep } from './step.mjs';

const stamp = join(root, 'node_modules', '.rampart-lock');

/** With the platform: a folder shared with a container holds the binaries of one of the two. */
function wantedStamp() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  return `${hash.digest('hex')} ${process.platform} ${process.arch}`;
}

/**
 * @typedef {object} LockedPackage
 * @property {string} version
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 */

/**
 * Whether npm installs this optional package on this machine; which C library it has nobody here knows.
 * @param {LockedPackage} locked
 */
const isForHere = ({ os, cpu, libc }) =>
  !libc && os?.includes(process.platform) === true && (!cpu || cpu.includes(process.arch));

/** npm's own record of what it unpacked, compared with what the lock file asks for: somebody may have run npm ci. */
function matchesLock() {
  /** @type {Record<string, LockedPackage> | undefined} */
  const have = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  /** @type {Record<string, LockedPackage> | undefined} */
  const want = readJson(join(root, 'package-lock.json'))?.packages;
  if (!have || !want) return false;
  const same = Object.entries(want).every(([path, locked]) => {
    const found = have[path];
    if (found) return found.version === locked.version && found.integrity === locked.integrity;
    return path === '' || (locked.optional === true && !isForHere(locked));
  });
  return same && Object.keys(have).every((path) => path in want);
}

/** Whether node_modules is what package-lock.json says. */
export function isInstalled() {
  const wanted = wantedStamp();
  if (readText(stamp) === wanted) return true;
  if (!matchesLock()) return false;
  writeFileSync(stamp, wanted);
  return true;
}

/**
 * npm ci, silent unless it fails. Build tools are wanted whatever NODE_ENV says: they make what is served.
 * @param {AbortSignal} signal
 */
export async function install(signal) {
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const cli = process.env.npm_execpath ?? '';
  // The Node that runs npm must not be the one it is about to replace.
  const node = process.env.npm_node_execpath ?? process.execPath;
  const { code, output } = basename(cli).startsWith('npm')
    ? await runStep(node, [cli, ...args], { signal })
    : await runStep(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { signal });
  if (code !== 0) throw new Fault(`npm ci failed (exit ${code}), its output is above.`, { details: output });
  writeFileSync(stamp, wantedStamp());
}
