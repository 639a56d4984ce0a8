// @ts-check
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './files.mjs';
import { isWarning, readable } from './log-lines.mjs';
import { identityOf } from './processes.mjs';
import { NODE_FLAGS } from './node-runtime.mjs';
import { ownGroup, signalGroup } from './step.mjs';

/**
 * How long the API may take to end: what it allows its requests, and a little for itself. In milliseconds.
 * @param {NodeJS.ProcessEnv} env
 */
export const drainMs = ({ DRAIN_SECONDS }) => (Number(DRAIN_SECONDS) || 10) * 1000 + 5000;

/** @typedef {{ url: string, port: number }} Listening */

/** One run of dist/main.js, in its own process group so that only we tell it to stop, and once. */
export class ApiProcess {
  /** @type {string[]} */
  #held = [];
  #listening = false;

  /**
   * @param {string} node
   * @param {NodeJS.ProcessEnv} env
   */
  constructor(node, env) {
    this.child = spawn(node, [...NODE_FLAGS, join('dist', 'main.js')], {
      cwd: root,
      env,
      detached: ownGroup,
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    this.drainMs = drainMs(env);
    this.identity = identityOf(this.child.pid ?? 0);
    /** @type {Promise<number>} the exit code, 128 and more for a signal */
    this.exited = new Promise((done) => {
      this.child.once('error', () => done(1));
      this.child.once('close', (code, signal) => done(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
    /** @type {Promise<Listening>} never settles when the process ends first */
    this.listening = new Promise((done) => {
      this.child.on('message', (message) => {
        if (!message || typeof message !== 'object' || !('type' in message) || message.type !== 'listening') return;
        this.#listening = true;
        done(/** @type {any} */ (message));
      });
    });
    this.#forwardLogs();
  }

  /** On a terminal the boot is silent: what it said is shown when it was a warning, or when it ended badly. */
  #forwardLogs() {
    const { stdout } = this.child;
    if (!stdout) return;
    if (!process.stdout.isTTY) {
      stdout.pipe(process.stdout, { end: false });
      // Nobody reads any more: the API must not be held up by a full pipe while it drains.
      process.stdout.once('error', () => stdout.resume());
      return;
    }
    createInterface({ input: stdout }).on('line', (line) => {
      if (this.#listening || isWarning(line)) process.stdout.write(`\r\u001b[K${readable(line, process.stdout)}\n`);
      else this.#held.push(line);
    });
    this.child.once('close', () => {
      if (this.#listening) return;
      for (const line of this.#held) process.stdout.write(`${readable(line, process.stdout)}\n`);
    });
  }

  /**
   * Lets requests in flight finish, up to the drain limit or until somebody hurries.
   * @param {AbortSignal} [hurry]
   * @returns {Promise<number>} the exit code
   */
  async stop(hurry) {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    const force = () => signalGroup(this.child, 'SIGKILL');
    const timer = setTimeout(force, this.drainMs);
    if (hurry?.aborted) force();
    hurry?.addEventListener('abort', force);
    const code = await this.exited;
    clearTimeout(timer);
    hurry?.removeEventListener('abort', force);
    return code;
  }
}
