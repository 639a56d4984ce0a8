// @ts-check
import { exactly } from '../fault.mjs';
import { freePort } from '../../lib/network.mjs';
import { until } from '../../lib/until.mjs';
import { startLoad } from '../load.mjs';
import { aKey, anAccount } from '../../lab/people.mjs';

const LIMIT = 20;
const TRIES = 30;
const ROUNDS = { long: 5, short: 1 };

/** @type {import('../fault.mjs').TortureFault} */
export const redis = {
  id: 'redis',
  how: (form) =>
    `Redis killed, started again, frozen, thawed under load${form === 'long' ? `, ${ROUNDS.long} times` : ''}`,
  needs: ['redis-server'],
  async run(lab, form) {
    const server = await startRedis(lab);
    const database = await lab.database();
    const management = await freePort();
    const api = await lab.api({
      DATABASE_URL: database.url,
      REDIS_URL: `redis://127.0.0.1:${server.port}`,
      MANAGEMENT_PORT: String(management),
    });
    const client = lab.client(api.port);
    const account = await anAccount(client);
    const inspector = lab.client(management);
    const counts = (/** @type {string} */ by) => until(async () => (await countedBy(inspector)) === by);
    await counts('redis');
    const load = await startLoad(lab.client(api.port));
    /** @type {number[]} */
    const passed = [];
    const tryLimit = async () =>
      void passed.push(await passing(client, await aKey(client, account, { rateLimit: `${LIMIT}/hour` })));
    await tryLimit();
    /** @type {[() => unknown, string][]} */
    const steps = [
      [server.kill, 'memory'],
      [server.up, 'redis'],
      [server.freeze, 'memory'],
      [server.thaw, 'redis'],
    ];
    for (let round = 1; round <= ROUNDS[form]; round++) {
      for (const [inject, by] of steps) {
        lab.tell(`round ${round} of ${ROUNDS[form]}, ${load.ledger.acknowledged} writes acknowledged`);
        await inject();
        await counts(by);
        await tryLimit();
      }
    }
    const ledger = await load.stop();
    const wrong = passed.filter((count) => count !== LIMIT);
    return [
      { what: 'writes acknowledged', value: ledger.acknowledged, least: 1 },
      { what: 'requests failed', value: ledger.failed, most: 0, because: ledger.inWords },
      { what: `limits of ${LIMIT} tried by ${TRIES} requests at once`, value: passed.length },
      { ...exactly('of these let another number pass', wrong.length, 0), because: wrong.map(String) },
    ];
  },
};

/** @param {import('../lab.mjs').Lab} lab */
async function startRedis(lab) {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', lab.folder, '--save', ''];
  const start = async () => {
    const process = lab.background('redis-server', args);
    await process.said('Ready to accept connections');
    return process;
  };
  let server = await start();
  return {
    port,
    kill: () => server.stop('SIGKILL'),
    up: async () => void (server = await start()),
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
  };
}

/**
 * How many of the simultaneous requests of a new key are let through.
 * @param {import('../../lab/http-client.mjs').HttpClient} client
 * @param {string} key
 */
async function passing(client, key) {
  const answers = await Promise.all(Array.from({ length: TRIES }, () => client.call('GET', '/api/v1/data', { key })));
  return answers.filter(({ status }) => status === 200).length;
}

/** @param {import('../../lab/http-client.mjs').HttpClient} inspector of the management port */
async function countedBy(inspector) {
  const { body } = await inspector.call('GET', '/health');
  return body?.rateLimits?.counting ?? '';
}
