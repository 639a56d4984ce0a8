import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 25;

/** Asks again until the answer is yes. Returns the milliseconds it took from `since`; throws after `deadlineMs` of them. */
export async function until(
  check: () => Promise<boolean>,
  deadlineMs: number,
  since = performance.now(),
): Promise<number> {
  for (;;) {
    const asked = performance.now();
    if (await check()) return asked - since;
    if (asked - since > deadlineMs) throw new Error(`not within ${deadlineMs} ms`);
    await wait(POLL_MS);
  }
}
