// @ts-check
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Interrupted, codeOf } from './faults.mjs';
import { root } from './files.mjs';
import { pause } from './processes.mjs';

/** For a tool that was asked to stop, in milliseconds. */
const GRACE_MS = 5000;

/** Own process group: Ctrl-C in the terminal is ours to pass on, and a tool's children can be ended with it. */
export const ownGroup = process.platform !== 'win32';

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
export function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    if (ownGroup) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/**
 * What the tool itself started has the same signal and may have to put something in order; then it is ended.
 * @param {import('node:child_process').ChildProcess} child
 */
async function groupGone(child) {
  if (!ownGroup || child.pid === undefined) return;
  for (const until = Date.now() + GRACE_MS; Date.now() < until; await pause(20)) {
    try {
      process.kill(-child.pid, 0);
    } catch {
      return;
    }
  }
  signalGroup(child, 'SIGKILL');
}

/**
 * @typedef {object} StepOptions
 * @property {AbortSignal} signal
 * @property {NodeJS.ProcessEnv} [env]
 * @property {{ uid: number, gid: number } | null} [owner] run as this user, who may not be able to enter our folder
 * @property {boolean} [show] the tool writes to the terminal itself; otherwise its output is kept
 */

/**
 * Runs a tool to its end. Rejects with Interrupted when a stop was asked for, after the tool has gone.
 * @param {string} command
 * @param {string[]} args
 * @param {StepOptions} options
 * @returns {Promise<{ code: number, stdout: string, output: string }>} output: both streams in the order they came
 */
export function runStep(command, args, { signal, env = process.env, owner = null, show = false }) {
  if (signal.aborted) return Promise.reject(new Interrupted());
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      ...owner,
      cwd: owner ? '/' : root,
      env,
      detached: ownGroup,
      windowsHide: true,
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    });
    /** @type {Buffer[]} */
    const all = [];
    /** @type {Buffer[]} */
    const out = [];
    child.stdout?.on('data', (chunk) => void (all.push(chunk), out.push(chunk)));
    child.stderr?.on('data', (chunk) => void all.push(chunk));
    /** @type {NodeJS.Timeout | undefined} */
    let force;
    const interrupt = () => {
      signalGroup(child, 'SIGTERM');
      force = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
    };
    signal.addEventListener('abort', interrupt);
    child.once('error', fail);
    child.once('close', (code, killer) => {
      clearTimeout(force);
      signal.removeEventListener('abort', interrupt);
      const result = {
        code: code ?? 128 + (killer ? constants.signals[killer] : 0),
        stdout: Buffer.concat(out).toString(),
        output: Buffer.concat(all).toString(),
      };
      if (!signal.aborted) done(result);
      else groupGone(child).then(() => fail(new Interrupted()), fail);
    });
  });
}
