// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from '../lib/files.mjs';

const OUTPUT_KEPT = 1_000_000;

/** Debian keeps servers where an ordinary user's PATH does not look. */
const FOLDERS = () => [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];

/**
 * The file of a program of this machine, or null.
 * @param {string} name
 */
export function findProgram(name) {
  for (const folder of FOLDERS()) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this one.
    }
  }
  return null;
}

/** A process of one fault's own, with everything it said. */
export class Background {
  output = '';

  /**
   * @param {string} file
   * @param {string[]} args
   * @param {{ env?: NodeJS.ProcessEnv, ipc?: boolean }} [options]
   */
  constructor(file, args, { env = { PATH: process.env.PATH }, ipc = false } = {}) {
    /** @type {import('node:child_process').ChildProcess} */
    this.child = spawn(file, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe', ipc ? 'ipc' : 'ignore'] });
    const keep = (/** @type {Buffer} */ chunk) => (this.output = (this.output + chunk.toString()).slice(-OUTPUT_KEPT));
    this.child.stdout?.on('data', keep);
    this.child.stderr?.on('data', keep);
    /** @type {Promise<number | null>} */
    this.exited = once(this.child, 'exit').then(([code]) => code);
    this.exited.catch(() => undefined);
  }

  get isRunning() {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** In bytes, of the process alone. */
  get memory() {
    const [, kib = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8')) ?? [];
    return Number(kib) * 1024;
  }

  /** @param {NodeJS.Signals} name */
  signal(name) {
    if (this.isRunning) this.child.kill(name);
  }

  /**
   * Sends the signal and waits for the end.
   * @param {NodeJS.Signals} [name]
   * @returns {Promise<number | null>} the exit code
   */
  async stop(name = 'SIGKILL') {
    if (!this.isRunning) return this.child.exitCode;
    this.child.kill('SIGCONT');
    this.child.kill(name);
    return this.exited;
  }

  /**
   * Resolves when it has said this; rejects when it ends before.
   * @param {string} text
   * @returns {Promise<void>}
   */
  said(text) {
    return new Promise((done, fail) => {
      const look = () => this.output.includes(text) && done();
      this.child.stdout?.on('data', look);
      this.child.stderr?.on('data', look);
      this.exited.then(() => fail(new Error(`ended without "${text}": ${this.output.slice(-2000)}`)), fail);
      look();
    });
  }
}

/**
 * The port of an instance, once it listens.
 * @param {Background} api
 * @returns {Promise<number>}
 */
export function listening(api) {
  return new Promise((done, fail) => {
    api.child.on('message', (/** @type {{ type?: string, port?: number }} */ { type, port }) => {
      if (type === 'listening' && port) done(port);
    });
    api.exited.then((code) => fail(new Error(`the API ended with ${code}: ${api.output.slice(-2000)}`)), fail);
  });
}

/** @typedef {Background & { port: number }} Api */
