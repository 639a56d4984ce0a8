// @ts-check
import { exactly, none } from '../fault.mjs';
import { halves } from '../invariants.mjs';
import { freePort } from '../../lib/network.mjs';
import { startLoad } from '../load.mjs';
import { startProxy } from '../proxies.mjs';

const RESTARTS = { long: 10, short: 2 };

/**
 * Two instances behind a proxy are restarted in turn, as a deployment does.
 * @param {'haproxy' | 'nginx'} name
 * @param {string} delaySeconds what the example configuration asks of the instances
 * @returns {import('../fault.mjs').TortureFault}
 */
const rollingRestarts = (name, delaySeconds) => ({
  id: `roll-${name}`,
  how: (form) => `SIGTERM and a new start, ${RESTARTS[form]} times in turn, of two instances behind ${name}`,
  needs: [name],
  async run(lab, form) {
    const database = await lab.database();
    const settings = { DATABASE_URL: database.url, DRAIN_DELAY_SECONDS: delaySeconds, TRUSTED_PROXIES: '127.0.0.1' };
    /** @type {[number, number]} */
    const ports = [await freePort(), await freePort()];
    const start = (/** @type {number} */ port) => lab.api({ ...settings, PORT: String(port) });
    const instances = await Promise.all(ports.map((port) => start(port)));
    const proxy = await startProxy(lab, name, ports);
    await proxy.everyoneIsUp();
    const load = await startLoad(lab.client(proxy.port, { ca: proxy.ca }));
    /** @type {(number | null)[]} */
    const codes = [];
    for (let restart = 0; restart < RESTARTS[form]; restart++) {
      lab.tell(`restart ${restart + 1} of ${RESTARTS[form]}, ${load.ledger.acknowledged} writes acknowledged`);
      const which = restart % 2;
      codes.push((await instances[which]?.stop('SIGTERM')) ?? null);
      instances[which] = await start(ports[which] ?? 0);
      await proxy.everyoneIsUp();
    }
    const ledger = await load.stop();
    return [
      { what: 'writes acknowledged', value: ledger.acknowledged, least: RESTARTS[form] },
      { what: 'requests failed', value: ledger.failed, most: 0, because: ledger.inWords },
      exactly('instances ended with 0', codes.filter((code) => code === 0).length, RESTARTS[form]),
      none('acknowledged writes lost', await ledger.missing(database)),
      none('things half written', await halves(database)),
    ];
  },
});

export const rollHaproxy = rollingRestarts('haproxy', '2');
export const rollNginx = rollingRestarts('nginx', '3');
