// @ts-check
import { Load } from '../load.mjs';
import { ROWS } from '../rows.mjs';

const READ = /** @type {import('../rows.mjs').Row} */ (ROWS.find(({ id }) => id === 'read'));
const STEP = 100_000;
const STEPS = 10;
const TARGET_MB = 160;
const LONG_MS = 600_000;

/** What the process holds while it reads a million times. */
export const memory = {
  id: 'memory',
  title: 'Memory over a million reads',
  /** @param {import('../bench.mjs').Stage} stage */
  async run({ world, databaseUrl, cast, pace, tell }) {
    const server = await world.start({ name: 'memory', script: 'bench/rampart.mjs', databaseUrl });
    const traffic = await READ.traffic(cast, () => Promise.reject(new Error('not asked')), pace.connections);
    const load = new Load(server.port, traffic, pace.connections);
    const sizes = [];
    for (let step = 1; step <= STEPS; step++) {
      await load.run(LONG_MS, STEP);
      sizes.push((await server.usage()).rss / 1e6);
      server.forgetLog();
      tell(`Memory after ${(step * STEP).toLocaleString('en-US')} reads`);
    }
    load.close();
    await server.stop();
    const [first = 0] = sizes;
    const last = sizes.at(-1) ?? 0;
    return {
      id: this.id,
      title: this.title,
      findings: [
        { what: `RSS after ${STEP.toLocaleString('en-US')}`, value: first, unit: 'MB', target: TARGET_MB },
        { what: 'RSS after 1,000,000', value: last, unit: 'MB', target: TARGET_MB },
      ],
    };
  },
};
