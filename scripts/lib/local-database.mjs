// @ts-check
import { startCluster } from './embedded-postgres.mjs';
import { isGiven, isProduction } from './environment.mjs';
import { checkDatabase } from './network.mjs';
import { findPlace } from './postgres-place.mjs';

const NAME = 'rampart';

/**
 * The database the person named, after a look whether it is there, or the embedded one. In production there is no
 * embedded one: without DATABASE_URL the API says that it is missing.
 * @param {NodeJS.ProcessEnv} env
 * @param {object} options
 * @param {string} options.stateDir
 * @param {AbortSignal} options.signal
 * @param {import('./progress.mjs').Progress} options.progress
 * @param {(cluster: import('./embedded-postgres.mjs').Cluster) => void} options.onStart it runs from here on and has to be stopped
 * @returns {Promise<string | undefined>} the URL of the embedded database
 */
export async function openDatabase(env, { stateDir, signal, progress, onStart }) {
  if (isGiven(env, 'DATABASE_URL')) {
    await checkDatabase(env);
    return undefined;
  }
  if (isProduction(env)) return undefined;
  return progress.during('Starting PostgreSQL', async () => {
    const cluster = await startCluster(findPlace(stateDir), 'postgres', { signal });
    onStart(cluster);
    return cluster.urlOf(NAME);
  });
}
