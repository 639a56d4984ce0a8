// @ts-check
import { join } from 'node:path';
import { Fault } from './faults.mjs';
import { readText, writePrivate } from './files.mjs';
import { runStep } from './step.mjs';

/**
 * @typedef {{ email: string, password?: string }} Account
 * @typedef {{ admin: Account, user: Account, apiKey: string }} Credentials
 */

/**
 * Fills a new database with the first accounts. That it was done is remembered for this very cluster and only after
 * success; what was made is not written down anywhere.
 * @param {string} node
 * @param {import('./embedded-postgres.mjs').Cluster} cluster
 * @param {{ env: NodeJS.ProcessEnv, signal: AbortSignal, progress: import('./progress.mjs').Progress }} options
 * @returns {Promise<Credentials | null>} null when the accounts were there before
 */
export async function seedOnce(node, cluster, { env, signal, progress }) {
  const mark = join(cluster.dir, 'seeded');
  if (readText(mark) === cluster.id) return null;
  const { code, stdout, output } = await progress.during('Making the first accounts', () =>
    runStep(node, [join('dist', 'cli', 'seed.js')], { signal, env }),
  );
  if (code !== 0) throw new Fault(`Making the first accounts failed (exit ${code}).`, { details: output });
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  writePrivate(mark, cluster.id);
  /** @type {Credentials | { seeded: false }} */
  const result = JSON.parse(last);
  return 'apiKey' in result ? result : null;
}
