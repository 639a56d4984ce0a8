// @ts-check
import { buildBench } from './build.mjs';
import { measure } from './measure.mjs';
import { readOptions } from './options.mjs';
import { report } from './report.mjs';
import { World } from './world.mjs';

/** @type {import('./measure.mjs').Pace} */
const FULL = { warmMs: 2000, sliceMs: 1000, rounds: 7, connections: 32 };
/** @type {import('./measure.mjs').Pace} */
const QUICK = { warmMs: 500, sliceMs: 300, rounds: 3, connections: 32 };

/**
 * @typedef {object} Surroundings
 * @property {string} node
 * @property {() => Promise<void>} build
 * @property {AbortSignal} signal
 * @property {import('../lib/progress.mjs').Progress} progress
 *
 * @typedef {object} Stage what the sections of a run share
 * @property {World} world
 * @property {string} databaseUrl
 * @property {import('./world.mjs').Cast} cast
 * @property {import('./measure.mjs').Pace} pace
 * @property {(what: string) => void} tell
 *
 * @typedef {object} RowResult
 * @property {string} id
 * @property {string} what
 * @property {import('./measure.mjs').Figure[]} figures
 *
 * @typedef {{ what: string, value: number, unit: string, target?: number, note?: string }} Finding
 * @typedef {{ id: string, title: string, findings: Finding[], skipped?: string }} Section skipped: why it was not measured
 */

/**
 * @param {string[]} args
 * @param {Surroundings} surroundings
 * @returns {Promise<number>} the exit code
 */
export async function bench(args, { node, build, signal, progress }) {
  const options = readOptions(args);
  await build();
  await progress.during('Building the servers to compare with', () => buildBench(node, signal));
  const world = await progress.during('Starting a PostgreSQL', () => World.open({ node, signal }));
  const interrupt = () => void world.close();
  signal.addEventListener('abort', interrupt, { once: true });
  const pace = options.quick ? QUICK : FULL;
  /** @type {RowResult[]} */
  const rows = [];
  /** @type {Section[]} */
  const sections = [];
  try {
    const { url } = await world.database();
    const servers = await progress.during('Starting the servers', () => startAll(world, url));
    for (const row of options.rows) {
      const all = row.reads ? Object.values(servers) : [servers.rampart, servers.anchor];
      // Again for each row: an access token lives for ten minutes.
      const cast = await world.cast(servers.rampart.port);
      const entrants = all.map((server) => ({ server, cast }));
      const figures = await progress.during(row.what, () => measure(row, entrants, pace));
      rows.push({ id: row.id, what: row.what, figures });
    }
    for (const section of options.sections) {
      const cast = await world.cast(servers.rampart.port);
      const tell = (/** @type {string} */ text) => progress.update(text);
      const stage = { world, databaseUrl: url, cast, pace, tell };
      sections.push(await progress.during(section.title, () => section.run(stage)));
    }
    return 0;
  } finally {
    signal.removeEventListener('abort', interrupt);
    await world.close();
    // Also what a stop or a fault leaves undone: the rows before it were measured.
    if (rows.length + sections.length > 0) report({ rows, sections }, { json: options.json, pace });
  }
}

/**
 * All that are compared, at once: the one that is not asked costs nothing.
 * @param {World} world
 * @param {string} databaseUrl
 */
async function startAll(world, databaseUrl) {
  const start = (/** @type {string} */ name, /** @type {string} */ script, /** @type {NodeJS.ProcessEnv} */ env = {}) =>
    world.start({ name, script, databaseUrl, env });
  return {
    rampart: await start('rampart', 'bench/rampart.mjs'),
    anchor: await start('anchor', 'dist/bench/anchor.js', { TOKEN_CACHE: 'on' }),
    rampartVerifying: await start('rampart, every token verified', 'bench/rampart.mjs', { BENCH_VERIFY: 'every' }),
    anchorVerifying: await start('anchor, every token verified', 'dist/bench/anchor.js', { TOKEN_CACHE: 'off' }),
    plainNest: await start('a plain Nest app', 'dist/bench/plain-nest.js'),
  };
}
