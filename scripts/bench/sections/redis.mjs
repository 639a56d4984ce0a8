// @ts-check
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { freePort } from '../../lib/network.mjs';
import { findProgram } from '../../lab/processes.mjs';
import { measure, median } from '../measure.mjs';
import { ROWS } from '../rows.mjs';

const READ = /** @type {import('../rows.mjs').Row} */ (ROWS.find(({ id }) => id === 'read'));
const TARGET_US = 60;

/** What counting in Redis costs a read, in place of the memory of the process. */
export const redis = {
  id: 'redis',
  title: 'Counting in Redis',
  /** @param {import('../bench.mjs').Stage} stage */
  async run({ world, databaseUrl, cast, pace }) {
    const program = findProgram('redis-server');
    const section = { id: this.id, title: this.title };
    if (!program) return { ...section, findings: [], skipped: 'redis-server is not installed' };
    const port = await freePort();
    const settings = ['--port', String(port), '--save', '', '--bind', '127.0.0.1'];
    // On the core of the load, as this process is.
    const counters = spawn(program, settings, { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(counters.stdout, 'data');
      const script = 'bench/rampart.mjs';
      const alone = await world.start({ name: 'memory', script, databaseUrl });
      const env = { REDIS_URL: `redis://127.0.0.1:${port}` };
      const shared = await world.start({ name: 'redis', script, databaseUrl, env });
      const [without, counting] = await measure(
        [alone, shared].map((server) => ({ row: READ, server, cast })),
        pace,
      );
      const more = counting?.slices.map((cpu, round) => cpu - (without?.slices[round] ?? cpu)) ?? [];
      await Promise.all([alone.stop(), shared.stop()]);
      return {
        ...section,
        findings: [{ what: 'more a read, two steps', value: median(more), unit: 'µs', target: TARGET_US }],
      };
    } finally {
      counters.kill('SIGKILL');
    }
  },
};
