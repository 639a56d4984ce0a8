// @ts-check
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';
import { exclusively } from './claim.mjs';
import { checkoutDir, makeStateDir } from './files.mjs';
import { install, isInstalled } from './install.mjs';
import { chooseRuntime } from './node-runtime.mjs';

/** @typedef {{ progress: import('./progress.mjs').Progress, signal: AbortSignal }} Options */

/**
 * Two at once (npm start and npm test) would empty node_modules and dist under each other's feet: one works, the other
 * waits and then finds it done.
 * @param {Options} options
 * @param {string} label
 * @param {() => boolean} isDone
 * @param {() => Promise<void>} work
 */
async function unless({ progress, signal }, label, isDone, work) {
  if (isDone()) return;
  makeStateDir(checkoutDir);
  const onWait = (/** @type {{ pid: number }} */ { pid }) =>
    progress.line(`Waiting for process ${pid}, which is installing or building here …`);
  await exclusively(join(checkoutDir, 'preparing.json'), { signal, onWait }, async () => {
    if (!isDone()) await progress.during(label, work);
  });
}

/**
 * Installs what is missing.
 * @param {Options} options
 * @returns {Promise<{ node: string, version: string }>} the Node that runs everything from here on
 */
export async function prepareRuntime(options) {
  await unless(options, 'Installing packages', isInstalled, () => install(options.signal));
  return chooseRuntime();
}

/**
 * Builds when the sources are not those of the last build.
 * @param {string} node
 * @param {Options} options
 */
export async function prepareBuild(node, options) {
  await unless(options, 'Building', isBuilt, () => build(node, options.signal));
}
