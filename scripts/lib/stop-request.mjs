// @ts-check
import { once } from 'node:events';
import { constants } from 'node:os';
import { Interrupted } from './faults.mjs';

/**
 * `signal` aborts at the first request to stop, `hurry` at the second. `orExitCode` is for work that a stop leaves
 * undone: then it gives the code by which a shell knows that.
 * @typedef {{ signal: AbortSignal, hurry: AbortSignal, orExitCode: (work: Promise<number>) => Promise<number> }} StopRequest
 */

/** npm and the terminal each deliver the same Ctrl-C: what follows this soon is the same request, in milliseconds. */
const ECHO_MS = 500;

/**
 * Turns SIGINT, SIGTERM, SIGHUP, a closed output and the end of npm into one orderly request to stop.
 * @returns {StopRequest}
 */
export function listenForStop() {
  const first = new AbortController();
  const second = new AbortController();
  let at = 0;
  /** @type {NodeJS.Signals} */
  let cause = 'SIGTERM';
  const request = (/** @type {NodeJS.Signals} */ by) => {
    if (!first.signal.aborted) {
      at = Date.now();
      cause = by;
      first.abort();
    } else if (Date.now() - at > ECHO_MS) second.abort();
  };
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(name, () => request(name));
  // What lasts (no reader, no npm) is no second wish: only the signals above hurry.
  const lasting = (/** @type {NodeJS.Signals} */ by) => first.signal.aborted || request(by);
  // A reader that went away (`npm start | head`) must not become a crash that leaves the database running.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => lasting('SIGPIPE'));
  watchParent(() => lasting('SIGHUP'));
  return {
    signal: first.signal,
    hurry: second.signal,
    async orExitCode(work) {
      try {
        return await work;
      } catch (error) {
        if (error instanceof Interrupted) return 128 + constants.signals[cause];
        throw error;
      }
    },
  };
}

/**
 * A killed npm tells nobody. Whoever started this through npm believes it gone, so it goes.
 * @param {() => void} gone
 */
function watchParent(gone) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || gone(), 200).unref();
}

/**
 * Resolves when the signal has aborted.
 * @param {AbortSignal} signal
 */
export const aborted = async (signal) => {
  if (!signal.aborted) await once(signal, 'abort');
};
