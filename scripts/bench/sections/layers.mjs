// @ts-check
import { Load } from '../load.mjs';
import { median } from '../measure.mjs';
import { ROWS } from '../rows.mjs';

const READ = /** @type {import('../rows.mjs').Row} */ (ROWS.find(({ id }) => id === 'read'));
/** What bench/rampart.mjs can leave out. */
const LAYERS = ['limits', 'roles', 'scopes', 'step-up', 'unexpected input', 'validation', 'database', 'log line'];
/** Until what was optimised for the other form is again: longer than it takes, and not measured. */
const SETTLE = 2;

/** What each layer costs: the difference between all of them and all but one, in one process. */
export const layers = {
  id: 'layers',
  title: 'Cost of each layer of a read',
  /** @param {import('../bench.mjs').Stage} stage */
  async run({ world, databaseUrl, cast, pace: { warmMs, sliceMs, rounds, connections }, tell }) {
    const server = await world.start({ name: 'layers', script: 'bench/rampart.mjs', databaseUrl });
    const traffic = await READ.traffic(cast, () => Promise.reject(new Error('not asked')), connections);
    const load = new Load(server.port, traffic, connections);
    const cost = async (/** @type {string} */ without) => {
      server.send({ without });
      await load.run(sliceMs * SETTLE);
      const before = await server.usage();
      const { requests } = await load.run(sliceMs);
      const { cpu } = await server.usage();
      server.forgetLog();
      return (cpu - before.cpu) / requests;
    };
    await load.run(warmMs);
    const findings = [];
    for (const layer of LAYERS) {
      tell(`Cost of ${layer}`);
      const differences = [];
      for (let round = 0; round < rounds / 2; round++) differences.push((await cost('nothing')) - (await cost(layer)));
      findings.push({ what: layer, value: median(differences), unit: 'µs' });
    }
    load.close();
    await server.stop();
    return { id: this.id, title: this.title, findings };
  },
};
