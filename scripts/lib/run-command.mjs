// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Claim, tryClaim } from './claim.mjs';
import { applicationEnvironment, isGiven, isProduction, readEnvironment } from './environment.mjs';
import { Fault } from './faults.mjs';
import { makeStateDir, root, stateDir } from './files.mjs';
import { endLeftovers } from './leftovers.mjs';
import { openDatabase } from './local-database.mjs';
import { prepareBuild, prepareRuntime } from './prepare.mjs';
import { Progress } from './progress.mjs';
import { runStep } from './step.mjs';

/**
 * Runs `dist/cli/<name>.js`, or what only a checkout has, `scripts/commands/<name>.mjs`, with the settings `npm start` would
 * give the API. The embedded database is the one of a running `npm start`, or is started for as long as the command takes.
 * @param {string[]} args the name, then what the command takes
 * @param {import('./stop-request.mjs').StopRequest} stop
 * @returns {Promise<number>} the command's exit code
 */
export async function runCommand([name = '', ...args], stop) {
  const { signal } = stop;
  const given = readEnvironment();
  const options = { progress: new Progress(), signal };
  const { node } = await prepareRuntime(options);
  await prepareBuild(node, options);
  const files = [join('dist', 'cli', `${name}.js`), join('scripts', 'commands', `${name}.mjs`)];
  const file = files.find((each) => /^[a-z-]+$/.test(name) && existsSync(join(root, each)));
  if (!file) throw new Fault(`There is no command ${JSON.stringify(name)}.`);
  /** @param {string} [databaseUrl] */
  const run = async (databaseUrl) => {
    const env = applicationEnvironment(given, { stateDir, databaseUrl });
    return (await runStep(node, [file, ...args], { signal, env, show: true })).code;
  };
  // About a server of somebody else's, with no more of our settings than are given.
  if (name === 'db-roles') return (await runStep(node, [file, ...args], { signal, env: given, show: true })).code;
  if (isGiven(given, 'DATABASE_URL') || isProduction(given)) return run();

  makeStateDir(stateDir);
  const claim = await tryClaim(join(stateDir, 'run.json'));
  if (!(claim instanceof Claim)) {
    const { pid, databaseUrl } = claim.holder;
    if (databaseUrl) return run(databaseUrl);
    throw new Fault(
      `Rampart (pid ${pid}) is still starting, or runs on another DATABASE_URL: wait, or set the same here.`,
    );
  }
  /** @type {import('./embedded-postgres.mjs').Cluster | undefined} */
  let cluster;
  try {
    await endLeftovers(claim.previous, given);
    const onStart = (/** @type {import('./embedded-postgres.mjs').Cluster} */ started) => (cluster = started);
    return await run(await openDatabase(given, { stateDir, ...options, onStart }));
  } finally {
    await cluster?.stop({ hurry: stop.hurry });
    claim.release();
  }
}
