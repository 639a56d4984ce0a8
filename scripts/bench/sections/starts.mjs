// @ts-check
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../measure.mjs';

const TIMES = 5;
const TARGET_S = 3;

/** From the first moment of the process until it listens, with modules compiled before and not. */
export const starts = {
  id: 'starts',
  title: 'Starting',
  /** @param {import('../bench.mjs').Stage} stage */
  async run({ world, databaseUrl }) {
    const start = async (/** @type {NodeJS.ProcessEnv} */ env) => {
      const server = await world.start({ name: 'start', script: 'dist/main.js', databaseUrl, env });
      await server.stop();
      return server.startMs / 1000;
    };
    const cold = [];
    const warm = [];
    const folder = mkdtempSync(join(tmpdir(), 'rampart-cache-'));
    for (let i = 0; i < TIMES; i++) {
      cold.push(await start({ NODE_COMPILE_CACHE: join(folder, String(i)) }));
      warm.push(await start({ NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }));
    }
    rmSync(folder, { recursive: true, force: true });
    return {
      id: this.id,
      title: this.title,
      findings: [
        { what: 'warm', value: median(warm), unit: 's', target: TARGET_S },
        { what: 'cold, nothing compiled', value: median(cold), unit: 's' },
      ],
    };
  },
};
