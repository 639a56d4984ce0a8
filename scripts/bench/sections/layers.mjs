// @ts-check
import { measure, median } from '../measure.mjs';
import { ROWS } from '../rows.mjs';

const READ = /** @type {import('../rows.mjs').Row} */ (ROWS.find(({ id }) => id === 'read'));
/** What bench/rampart.mjs can leave out. */
const LAYERS = ['limits', 'roles', 'scopes', 'unexpected input', 'validation', 'database', 'log line'];

/** What each layer costs: the difference between all of them and all but one. */
export const layers = {
  id: 'layers',
  title: 'Cost of each layer of a read',
  /** @param {import('../bench.mjs').Stage} stage */
  async run({ world, databaseUrl, cast, pace, tell }) {
    const findings = [];
    const whole = await world.start({ name: 'all', script: 'bench/rampart.mjs', databaseUrl });
    for (const layer of LAYERS) {
      tell(`Cost of ${layer}`);
      const env = { BENCH_WITHOUT: layer };
      const less = await world.start({ name: `without ${layer}`, script: 'bench/rampart.mjs', databaseUrl, env });
      const [all, without] = await measure(
        READ,
        [whole, less].map((server) => ({ server, cast })),
        pace,
      );
      const differences = all?.slices.map((cpu, round) => cpu - (without?.slices[round] ?? cpu)) ?? [];
      findings.push({ what: layer, value: median(differences), unit: 'µs' });
      await less.stop();
    }
    await whole.stop();
    return { id: this.id, title: this.title, findings };
  },
};
