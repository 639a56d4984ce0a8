// @ts-check
import { Interrupted } from '../lib/faults.mjs';
import { makeStateDir, stateDir } from '../lib/files.mjs';
import { LabCluster } from '../lab/cluster.mjs';
import { Lab } from './lab.mjs';
import { findProgram } from '../lab/processes.mjs';

/**
 * @param {import('./fault.mjs').TortureFault} fault
 * @returns {string | null} why it cannot be injected on this machine
 */
export function obstacle({ needs = [], cannot }) {
  const absent = needs.find((name) => !findProgram(name));
  return absent ? `${absent} is not installed` : (cannot?.() ?? null);
}

/** A PostgreSQL of its own, on which one fault after the other is run. */
export class Rig {
  #signal;
  #node;
  /** @type {LabCluster | undefined} */
  #cluster;

  /** @param {{ node: string, signal: AbortSignal }} options */
  constructor({ node, signal }) {
    this.#node = node;
    this.#signal = signal;
  }

  async start() {
    makeStateDir(stateDir);
    this.#cluster = await LabCluster.start(stateDir, this.#signal, this.#node);
  }

  /**
   * Everything the fault started is gone afterwards, also when it failed or somebody asked to stop.
   * @param {import('./fault.mjs').TortureFault} fault
   * @param {import('./fault.mjs').Form} form
   * @param {(text: string) => void} [tell]
   */
  async run(fault, form, tell) {
    const cluster = this.#cluster;
    if (!cluster) throw new Error('the rig is not started');
    const lab = new Lab({ node: this.#node, cluster, tell });
    const stopped = new AbortController();
    const interrupted = new Promise((_, fail) => {
      const interrupt = () => fail(new Interrupted());
      if (this.#signal.aborted) interrupt();
      this.#signal.addEventListener('abort', interrupt, { signal: stopped.signal });
    });
    try {
      const running = fault.run(lab, form);
      // After an interruption nobody waits for it any more.
      running.catch(() => undefined);
      return await Promise.race([running, /** @type {Promise<never>} */ (interrupted)]);
    } finally {
      stopped.abort();
      await lab.close();
    }
  }

  async stop() {
    await this.#cluster?.stop();
  }
}
