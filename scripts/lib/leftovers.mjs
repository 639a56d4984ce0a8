// @ts-check
import { drainMs } from './api-process.mjs';
import { end } from './processes.mjs';

/**
 * Ends what a killed run left behind, the API before its database. Also when another database is used from now on:
 * nobody else would ever end the old one.
 * @param {import('./claim.mjs').RunRecord | null} previous
 * @param {NodeJS.ProcessEnv} env
 */
export async function endLeftovers(previous, env) {
  await end(previous?.api, [
    ['SIGTERM', drainMs(env)],
    ['SIGKILL', 2000],
  ]);
  await end(previous?.postgres, [
    ['SIGINT', 10_000],
    ['SIGQUIT', 3000],
  ]);
}
