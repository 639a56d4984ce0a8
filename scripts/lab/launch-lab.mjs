// @ts-check
// Imports nothing at the top that an older Node or a fresh clone does not have.
import { launch } from '../lib/launch.mjs';

/**
 * @typedef {object} Surroundings
 * @property {string} node
 * @property {() => Promise<void>} build
 * @property {AbortSignal} signal
 * @property {import('../lib/progress.mjs').Progress} progress
 *
 * @typedef {(args: string[], surroundings: Surroundings) => Promise<number>} Work to the exit code
 */

/**
 * Runs what needs instances of its own: after the packages are there, which it imports.
 * @param {string} help
 * @param {() => Promise<Work>} load
 */
export const launchLab = (help, load) =>
  launch(async (stop) => {
    const args = process.argv.slice(2);
    if (args.includes('--help') || args.includes('-h')) {
      process.stdout.write(help);
      return 0;
    }
    const [{ prepareBuild, prepareRuntime }, { Progress }] = await Promise.all([
      import('../lib/prepare.mjs'),
      import('../lib/progress.mjs'),
    ]);
    const options = { progress: new Progress(), signal: stop.signal };
    const work = async () => {
      const { node } = await prepareRuntime(options);
      const run = await load();
      return run(args, { ...options, node, build: () => prepareBuild(node, options) });
    };
    return stop.orExitCode(work());
  });
