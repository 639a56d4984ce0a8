// @ts-check
import { HttpClient } from '../lab/http-client.mjs';
import { Load } from './load.mjs';

/**
 * @typedef {import('./contestant.mjs').Contestant} Contestant
 * @typedef {{ row: import('./rows.mjs').Row, server: Contestant, cast: import('./world.mjs').Cast }} Entrant what is asked of a server, and by whom
 * @typedef {{ warmMs: number, sliceMs: number, rounds: number, connections: number }} Pace
 *
 * What one server did of one row. Times in milliseconds, cpu in microseconds a request of all its threads, rss in bytes.
 * @typedef {object} Figure
 * @property {string} server
 * @property {number} perSecond
 * @property {number} p50
 * @property {number} p99
 * @property {number} cpu
 * @property {number[]} slices the cpu of each round
 * @property {number} rss
 */

/**
 * Each in turn, so that what else the machine does meets all of them.
 * @param {readonly Entrant[]} entrants
 * @param {Pace} pace
 * @returns {Promise<Figure[]>}
 */
export async function measure(entrants, { warmMs, sliceMs, rounds, connections }) {
  const lanes = await Promise.all(entrants.map((entrant) => open(entrant, entrant.row.connections ?? connections)));
  try {
    for (const { load } of lanes) await load.run(warmMs);
    for (let round = 0; round < rounds; round++) {
      // The order turns: nobody is always the first after a pause.
      for (let i = 0; i < lanes.length; i++)
        await slice(/** @type {Lane} */ (lanes[(i + round) % lanes.length]), sliceMs);
    }
    return lanes.map(figureOf);
  } finally {
    for (const { load } of lanes) load.close();
  }
}

/** @typedef {{ server: Contestant, load: Load, slices: { passage: import('./load.mjs').Passage, cpu: number, rss: number }[] }} Lane */

/**
 * @param {Entrant} entrant
 * @param {number} connections
 * @returns {Promise<Lane>}
 */
async function open({ row, server, cast }, connections) {
  const client = new HttpClient(server.port);
  const traffic = await row.traffic(cast, (method, path, options) => client.call(method, path, options), connections);
  client.close();
  const load = new Load(server.port, traffic, connections);
  return { server, load, slices: [] };
}

/**
 * @param {Lane} lane
 * @param {number} ms
 */
async function slice({ server, load, slices }, ms) {
  const before = await server.usage();
  const passage = await load.run(ms);
  const after = await server.usage();
  server.forgetLog();
  slices.push({ passage, cpu: (after.cpu - before.cpu) / passage.requests, rss: after.rss });
}

/**
 * @param {Lane} lane
 * @returns {Figure}
 */
function figureOf({ server, slices }) {
  const cpu = slices.map((each) => each.cpu);
  const quantile = (/** @type {number} */ q) =>
    median(slices.map(({ passage }) => passage.latency.percentile(q) / 1e6));
  return {
    server: server.name,
    perSecond: median(slices.map(({ passage }) => passage.requests / passage.seconds)),
    p50: quantile(50),
    p99: quantile(99),
    cpu: median(cpu),
    slices: cpu,
    rss: slices.at(-1)?.rss ?? 0,
  };
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

/**
 * The median of the ratios of each round, in which both met the same machine.
 * @param {Figure} figure
 * @param {Figure} to
 */
export const ratio = ({ slices }, to) => median(slices.map((cpu, round) => cpu / (to.slices[round] ?? cpu)));
