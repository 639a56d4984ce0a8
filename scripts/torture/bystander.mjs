// @ts-check
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../lib/faults.mjs';

const PAUSE_MS = 20;

/**
 * Somebody who asks for ordinary things while others misbehave.
 * @param {import('../lab/http-client.mjs').HttpClient} client
 * @param {[path: string, call?: import('../lab/http-client.mjs').Call][]} requests that are answered 200 on a good day
 */
export function startBystander(client, requests) {
  const asked = new AbortController();
  /** @type {{ answered: number, slowestMs: number, failed: string[] }} */
  const seen = { answered: 0, slowestMs: 0, failed: [] };
  const ask = async () => {
    for (let i = 0; !asked.signal.aborted; i++, await wait(PAUSE_MS)) {
      const [path, call] = requests[i % requests.length] ?? ['/health/live'];
      const begun = performance.now();
      const status = await client.call('GET', path, call).then((answer) => answer.status, codeOf);
      seen.slowestMs = Math.max(seen.slowestMs, performance.now() - begun);
      if (status === 200) seen.answered += 1;
      else seen.failed.push(`${path}: ${status}`);
    }
  };
  const asking = ask();
  return {
    async stop() {
      asked.abort();
      await asking;
      return seen;
    },
  };
}

/**
 * @param {Awaited<ReturnType<ReturnType<typeof startBystander>['stop']>>} seen
 * @returns {import('./fault.mjs').Measure[]}
 */
export const bystanderMeasures = ({ answered, failed, slowestMs }) => [
  { what: 'other requests answered', value: answered, least: 1 },
  { what: 'other requests failed', value: failed.length, most: 0, because: failed.slice(0, 5) },
  { what: 'the slowest of them', value: slowestMs / 1000, unit: ' s', most: 2, speed: true },
];
