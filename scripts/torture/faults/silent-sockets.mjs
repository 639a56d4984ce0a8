// @ts-check
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { bystanderMeasures, startBystander } from '../bystander.mjs';
import { anAccount } from '../../lab/people.mjs';

const WANTED = { long: 10_000, short: 1_000 };
/** Files that a process has open besides. */
const RESERVE = 300;
const AT_ONCE = 100;
const CLOSED_WITHIN_S = 15;
const MEMORY_MB = 100;
const MB = 1024 * 1024;

/** Node itself raises its limit to the hard one, ours and that of the API. */
function openFiles() {
  const [, hard = '1024'] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return hard === 'unlimited' ? Infinity : Number(hard);
}

const count = (/** @type {import('../fault.mjs').Form} */ form) => Math.min(WANTED[form], openFiles() - RESERVE);

/** @type {import('../fault.mjs').TortureFault} */
export const silentSockets = {
  id: 'silent-sockets',
  how: (form) => {
    const fewer = count(form) < WANTED[form] ? ' (ulimit -n allows no more)' : '';
    return `${count(form)} connections${fewer} that never say a word`;
  },
  async run(lab, form) {
    const database = await lab.database();
    const api = await lab.api({ DATABASE_URL: database.url });
    const client = lab.client(api.port);
    const { token } = await anAccount(client);
    const bystander = startBystander(client, [['/health/live'], ['/api/v1/users/me', { token }]]);
    const before = api.memory;
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, api.memory)), 100);
    lab.atEnd(() => clearInterval(watch));
    const sockets = await openAll(lab, api.port, count(form));
    lab.tell(`${sockets.length} connections wait`);
    const lives = await Promise.all(sockets.map(({ life }) => life));
    clearInterval(watch);
    return [
      { what: 'connections', value: sockets.length, least: count(form) },
      { what: 'kept the longest', value: Math.max(...lives) / 1000, unit: ' s', most: CLOSED_WITHIN_S },
      { what: 'more memory', value: (peak - before) / MB, unit: ' MB', most: MEMORY_MB },
      ...bystanderMeasures(await bystander.stop()),
    ];
  },
};

/**
 * @param {import('../lab.mjs').Lab} lab
 * @param {number} port
 * @param {number} wanted
 */
async function openAll(lab, port, wanted) {
  /** @type {{ life: Promise<number> }[]} */
  const all = [];
  while (all.length < wanted) {
    const some = Array.from({ length: Math.min(AT_ONCE, wanted - all.length) }, () => open(lab, port));
    all.push(...(await Promise.all(some)));
  }
  return all;
}

/**
 * @param {import('../lab.mjs').Lab} lab
 * @param {number} port
 * @returns {Promise<{ life: Promise<number> }>} life: the milliseconds until the other side closed, at most twice the limit
 */
function open(lab, port) {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1');
    lab.atEnd(() => socket.destroy());
    socket.on('error', fail);
    socket.on('connect', () => {
      const begun = performance.now();
      const closed = new Promise((end) => socket.on('close', end).on('end', end).resume());
      const patience = wait(2 * CLOSED_WITHIN_S * 1000, undefined, { ref: false });
      done({ life: Promise.race([closed, patience]).then(() => performance.now() - begun) });
    });
  });
}
