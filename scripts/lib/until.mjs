// @ts-check
import { pause } from './processes.mjs';

const POLL_MS = 20;

/**
 * Asks again until the answer is yes. Throws after the deadline.
 * @param {() => Promise<boolean> | boolean} check
 * @param {number} [deadlineMs]
 * @param {number} [since] by `performance.now()`
 * @returns {Promise<number>} the milliseconds from `since` to the question that was answered with yes
 */
export async function until(check, deadlineMs = 30_000, since = performance.now()) {
  for (;;) {
    const asked = performance.now();
    if (await check()) return asked - since;
    if (asked - since > deadlineMs) throw new Error(`not within ${deadlineMs} ms`);
    await pause(POLL_MS);
  }
}
