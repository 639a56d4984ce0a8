// @ts-check
import { buildBench } from './build.mjs';
import { measure } from './measure.mjs';
import { readOptions } from './options.mjs';
import { report } from './report.mjs';
import { Servers } from './servers.mjs';
import { World } from './world.mjs';

/** @type {import('./measure.mjs').Pace} Many short turns: what else the machine does in a second meets both. */
const FULL = { warmMs: 3000, sliceMs: 250, rounds: 28, connections: 32 };
/** @type {import('./measure.mjs').Pace} */
const QUICK = { warmMs: 800, sliceMs: 150, rounds: 6, connections: 32 };

/**
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
 * @property {number} [target] the most that the first server may cost, as a ratio to the second
 * @property {import('./measure.mjs').Figure[]} figures of the two servers
 *
 * @typedef {{ what: string, value: number, unit: string, target?: number, note?: string }} Finding
 * @typedef {{ id: string, title: string, findings: Finding[], skipped?: string }} Section skipped: why it was not measured
 */

/**
 * @param {string[]} args
 * @param {import('../lab/launch-lab.mjs').Surroundings} surroundings
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
    const servers = new Servers(world, url);
    // Again for each row: an access token lives for ten minutes.
    const newCast = async () => world.cast((await servers.get('rampart')).port);
    for (const row of options.rows) {
      const { id, what, target, between = ['rampart', 'anchor'] } = row;
      const figures = await progress.during(what, async () => {
        const cast = await newCast();
        const entrants = [];
        for (const each of between) entrants.push({ row, server: await servers.get(each), cast });
        return measure(entrants, pace);
      });
      rows.push({ id, what, target, figures });
    }
    for (const section of options.sections) {
      const cast = await newCast();
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
