// @ts-check
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Interrupted, codeOf } from './faults.mjs';
import { readJson, writePrivate } from './files.mjs';
import { identityOf, isRunning, pause } from './processes.mjs';

/**
 * @typedef {import('./processes.mjs').Identity} Identity
 * @typedef {Identity & { url?: string, databaseUrl?: string, api?: Identity | null, postgres?: Identity | null }} RunRecord
 *   what a run writes down about itself, so that the next one can take over what a kill left behind
 */

/** One process at a time holds the file. It outlives a kill, but then names a process that is gone. */
export class Claim {
  /** @type {RunRecord} */
  #record;

  /**
   * @param {string} file
   * @param {RunRecord} record
   * @param {RunRecord | null} previous what a killed holder left
   */
  constructor(file, record, previous) {
    this.file = file;
    this.#record = record;
    this.previous = previous;
  }

  /** @param {Partial<RunRecord>} fields */
  update(fields) {
    this.#record = { ...this.#record, ...fields };
    writePrivate(this.file, JSON.stringify(this.#record));
  }

  release() {
    if (readJson(this.file)?.started === this.#record.started) rmSync(this.file, { force: true });
  }
}

/**
 * The claim, or the record of the process that holds it.
 * @param {string} file
 * @returns {Promise<Claim | { holder: RunRecord }>}
 */
export async function tryClaim(file) {
  const self = identityOf(process.pid) ?? { pid: process.pid, started: String(Date.now()) };
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, JSON.stringify(self), { mode: 0o600 });
  try {
    // link() fails when the name exists and never shows a half-written file: creation is the lock.
    linkSync(draft, file);
    return new Claim(file, self, null);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const previous = readJson(file);
    if (isRunning(previous)) return { holder: previous };
    renameSync(draft, file);
    // Two may find the same leftover at once. The later rename wins; after a breath both read who that was.
    await pause(40);
    const winner = readJson(file);
    return winner?.pid === self.pid ? new Claim(file, self, previous) : { holder: winner ?? self };
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Runs the work while no other process does the same.
 * @template T
 * @param {string} file
 * @param {{ signal: AbortSignal, onWait: (holder: RunRecord) => void }} options
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function exclusively(file, { signal, onWait }, work) {
  let told = false;
  for (;;) {
    const claim = await tryClaim(file);
    if (claim instanceof Claim) return await work().finally(() => claim.release());
    if (!told) onWait(claim.holder);
    told = true;
    await pause(200);
    if (signal.aborted) throw new Interrupted();
  }
}
