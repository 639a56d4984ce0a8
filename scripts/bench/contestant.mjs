// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/files.mjs';
import { findProgram } from '../lab/processes.mjs';

const PROBE = join(import.meta.dirname, 'probe.mjs');

/** @typedef {{ cpu: number, rss: number }} Usage cpu in microseconds of all threads since the start, rss in bytes */

/** A server that is measured, on a core of its own, with its log in a file. */
export class Contestant {
  /**
   * @param {object} options
   * @param {string} options.name
   * @param {string} options.node
   * @param {string} options.script
   * @param {NodeJS.ProcessEnv} options.env
   * @param {string} options.folder for its log
   * @param {readonly string[]} [options.args] of Node
   */
  static async start({ name, node, script, env, folder, args = [] }) {
    const log = openSync(join(folder, `${name.replaceAll(/\W+/g, '-')}.log`), 'a+');
    const command = [...onCore(0), node, ...args, '--import', PROBE, script];
    const begun = performance.now();
    const [program = node, ...rest] = command;
    const child = spawn(program, rest, { cwd: root, env, stdio: ['ignore', log, log, 'ipc'] });
    const contestant = new Contestant(name, child, log);
    contestant.port = await contestant.#listening();
    contestant.startMs = performance.now() - begun;
    return contestant;
  }

  port = 0;
  /** From its first moment until it listened. */
  startMs = 0;
  #log;
  #child;
  #exited;

  /**
   * @param {string} name
   * @param {import('node:child_process').ChildProcess} child
   * @param {number} log
   */
  constructor(name, child, log) {
    this.name = name;
    this.#child = child;
    this.#log = log;
    this.#exited = once(child, 'exit');
  }

  /** @returns {Promise<Usage>} */
  async usage() {
    const answer = this.#message('usage');
    this.#child.send('usage');
    return answer;
  }

  /** @param {object} message */
  send(message) {
    this.#child.send(message);
  }

  /** The log of what was measured is of no use to anybody. */
  forgetLog() {
    ftruncateSync(this.#log);
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #listening() {
    const { port } = await this.#message('listening');
    return port;
  }

  /**
   * @param {string} type
   * @returns {Promise<any>}
   */
  #message(type) {
    return new Promise((done, fail) => {
      const listen = (/** @type {{ type?: string }} */ message) => {
        if (message.type !== type) return;
        this.#child.off('message', listen);
        done(message);
      };
      this.#child.on('message', listen);
      this.#exited.then(([code]) => fail(new Error(`${this.name} ended with ${code}`)), fail);
    });
  }
}

/**
 * The command that keeps what follows on one core, where there are two and a way to say so.
 * @param {number} core
 */
export function onCore(core) {
  const taskset = findProgram('taskset');
  return taskset ? [taskset, '-c', String(core)] : [];
}
