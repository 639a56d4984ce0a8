// @ts-check
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { codeOf } from './faults.mjs';

/**
 * A process id is handed out again after a crash, within minutes in a container. With the moment the process began it
 * names one process for good: what is ended by such a name is never a stranger.
 * @typedef {{ pid: number, started: string }} Identity
 */

const UNKNOWN = 'unknown';

/** @param {number} pid */
function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** @param {number} pid */
function linuxStart(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces: the fields proper begin after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`;
  } catch {
    return null;
  }
}

/** @param {number} pid */
function unixStart(pid) {
  try {
    const [state = '', ...begun] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split(/\s+/);
    return state === '' || state.startsWith('Z') ? null : begun.join(' ');
  } catch {
    return null;
  }
}

/**
 * Null when there is no such process (a zombie counts as none).
 * @param {number} pid
 * @returns {Identity | null}
 */
export function identityOf(pid) {
  if (!Number.isSafeInteger(pid) || pid < 1) return null;
  if (process.platform === 'win32') return alive(pid) ? { pid, started: UNKNOWN } : null;
  const started = process.platform === 'linux' ? linuxStart(pid) : unixStart(pid);
  return started === null ? null : { pid, started };
}

/**
 * @param {Identity | null | undefined} identity
 * @returns {identity is Identity}
 */
export const isRunning = (identity) => {
  if (typeof identity?.pid !== 'number') return false;
  return identityOf(identity.pid)?.started === identity.started;
};

/** @param {number} ms */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Sends the signals in turn, each with its time to work, until the process is gone. A process that cannot be told
 * apart from a stranger (Windows) is left alone.
 * @param {Identity | null | undefined} identity
 * @param {[signal: NodeJS.Signals, graceMs: number][]} steps
 * @returns {Promise<boolean>} whether it is gone
 */
export async function end(identity, steps) {
  for (const [signal, graceMs] of steps) {
    if (!isRunning(identity)) return true;
    if (identity.started === UNKNOWN) return false;
    try {
      process.kill(identity.pid, signal);
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') return false;
    }
    for (const until = Date.now() + graceMs; Date.now() < until && isRunning(identity);) await pause(20);
  }
  return !isRunning(identity);
}

/**
 * The command line of a process, or an empty string.
 * @param {number} pid
 */
export function commandLine(pid) {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}
