// @ts-check
import { HttpClient } from '../../lab/http-client.mjs';
import { register } from '../../lab/people.mjs';
import { Load } from '../load.mjs';
import { loggingIn, ROWS } from '../rows.mjs';

const CROWD = 64;
const READERS = 8;
const TARGET_MS = 50;
const none = () => Promise.reject(new Error('not asked'));
const READ = /** @type {import('../rows.mjs').Row} */ (ROWS.find(({ id }) => id === 'read'));

/** @param {number} port */
async function aCrowd(port) {
  const client = new HttpClient(port);
  const people = [];
  while (people.length < CROWD) people.push(await register(client));
  client.close();
  return people;
}

/** How long reads take while a crowd logs in: hashing passwords must not keep anybody else waiting. */
export const crowd = {
  id: 'crowd',
  title: `Reads while ${CROWD} clients log in`,
  /** @param {import('../bench.mjs').Stage} stage */
  async run({ world, databaseUrl, cast, pace }) {
    const server = await world.start({ name: 'crowd', script: 'bench/rampart.mjs', databaseUrl });
    const reads = new Load(server.port, await READ.traffic(cast, none, READERS), READERS);
    const logins = new Load(server.port, loggingIn(await aCrowd(server.port)), CROWD);
    const ms = pace.sliceMs * pace.rounds;
    await reads.run(pace.warmMs);
    const [{ latency }] = await Promise.all([reads.run(ms), logins.run(ms)]);
    reads.close();
    logins.close();
    await server.stop();
    return {
      id: this.id,
      title: this.title,
      findings: [{ what: 'p99 of a read', value: latency.percentile(99) / 1e6, unit: 'ms', target: TARGET_MS }],
    };
  },
};
