// @ts-check
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { Fault } from './faults.mjs';
import { readJson, root } from './files.mjs';

/**
 * How the API is run, here and in the Dockerfile. Of every new object V8 would keep 16 MB in each half of its nursery, and a process
 * that forgets everything after each request needs a quarter of that. And it would let garbage grow to as much again as all that
 * lives, of up to 4 GB, before it looks: with a bound, at which a process that leaks ends, memory stays flat. `npm run bench` shows both.
 */
export const NODE_FLAGS = ['--max-semi-space-size=4', '--max-old-space-size=384'];

const EXE = process.platform === 'win32' ? 'node.exe' : 'node';

/** The Node of the lock file: npm's platform package, the same for everybody who installs. */
const pinned = () =>
  join(
    root,
    'node_modules',
    `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`,
    'bin',
    EXE,
  );

/**
 * Null when it is absent or does not run here: the platform package needs glibc, Alpine has none.
 * @param {string} node
 */
function versionOf(node) {
  if (node === process.execPath) return process.versions.node;
  const { status, stdout } = spawnSync(node, ['--version'], { encoding: 'utf8', windowsHide: true });
  return status === 0 ? stdout.trim().replace(/^v/, '') : null;
}

/**
 * @param {string} version
 * @param {string} minimum
 */
export function atLeast(version, minimum) {
  const [have, want] = [version, minimum].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (have?.[i] ?? 0) - (want?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** @param {string} path */
const inProject = (path) => path.includes(`${sep}node_modules${sep}`);

/** npm puts the pinned Node first on the PATH of its scripts: the machine's own is the first one outside a project. */
function systemNode() {
  if (!inProject(process.execPath)) return process.execPath;
  for (const dir of (process.env.PATH ?? '').split(delimiter)) {
    const candidate = join(dir, EXE);
    if (dir === '' || inProject(candidate)) continue;
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Most folders of a PATH hold no Node.
    }
  }
  return process.execPath;
}

/**
 * The Node every child runs on: the pinned one, or the machine's where that is absent or RAMPART_NODE=system says so.
 * @returns {{ node: string, version: string }}
 */
export function chooseRuntime() {
  const candidates =
    process.env.RAMPART_NODE === 'system' ? [systemNode()] : [pinned(), process.execPath, systemNode()];
  const minimum = String(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node).replace(
    /^>=\s*/,
    '',
  );
  let found = '';
  for (const node of candidates) {
    const version = versionOf(node);
    if (version && atLeast(version, minimum)) return { node, version };
    found = version ?? found;
  }
  throw new Fault(
    `Node ${minimum} or newer is needed, ${found} is installed: get one from https://nodejs.org and start again.`,
  );
}

/**
 * The environment in which `node` and the installed tools are the chosen ones.
 * @param {string} node
 * @param {NodeJS.ProcessEnv} env
 */
export function withRuntime(node, env = process.env) {
  return { ...env, PATH: [dirname(node), join(root, 'node_modules', '.bin'), env.PATH ?? ''].join(delimiter) };
}

/**
 * The JavaScript file behind an installed command, so that it can be run with the chosen Node on every platform.
 * @param {string} packageName
 * @param {string} command
 */
export function binOf(packageName, command = packageName) {
  const dir = join(root, 'node_modules', packageName);
  const bin = readJson(join(dir, 'package.json'))?.bin;
  const file = typeof bin === 'string' ? bin : bin?.[command];
  if (!file) throw new Fault(`${packageName} is not installed: run npm ci, then start again.`);
  return join(dir, file);
}
