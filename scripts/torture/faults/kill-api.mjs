// @ts-check
import { setTimeout as wait } from 'node:timers/promises';
import { none } from '../fault.mjs';
import { halves } from '../invariants.mjs';
import { freePort } from '../../lib/network.mjs';
import { startLoad } from '../load.mjs';

const KILLS = { long: 100, short: 5 };
const LIVES_MS = { least: 150, spread: 500 };

/** @type {import('../fault.mjs').TortureFault} */
export const killApi = {
  id: 'kill-api',
  how: (form) => `kill -9 of the API, ${KILLS[form]} times, at random moments of a mixed load`,
  async run(lab, form) {
    const database = await lab.database();
    const settings = { DATABASE_URL: database.url, PORT: String(await freePort()) };
    let api = await lab.api(settings);
    const load = await startLoad(lab.client(api.port));
    for (let kill = 1; kill <= KILLS[form]; kill++) {
      lab.tell(`kill ${kill} of ${KILLS[form]}, ${load.ledger.acknowledged} writes acknowledged`);
      await wait(LIVES_MS.least + Math.random() * LIVES_MS.spread);
      await api.stop('SIGKILL');
      api = await lab.api(settings);
    }
    const ledger = await load.stop();
    await noBackends(database);
    return [
      { what: 'writes acknowledged', value: ledger.acknowledged, least: KILLS[form] },
      { what: 'requests cut off', value: ledger.failed },
      none('acknowledged writes lost', await ledger.missing(database)),
      none(
        'reads of something older',
        Array.from({ length: ledger.stale }, () => 'stale'),
      ),
      none('things half written', await halves(database)),
    ];
  },
};

/**
 * What a killed process had sent may still be committed by its backend.
 * @param {import('../../lab/cluster.mjs').Database} database
 */
async function noBackends({ query }) {
  const busy = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND state <> 'idle' AND application_name = 'rampart'`;
  while ((await query(busy)).length > 0) await wait(20);
}
