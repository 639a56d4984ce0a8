// @ts-check
import { connect } from 'node:net';
import { bystanderMeasures, startBystander } from '../bystander.mjs';

/** In the long form more than there are counters. */
const ADDRESSES = { long: 150_000, short: 2_000 };
const CONNECTIONS = 8;
/** Requests that are sent without waiting for an answer. */
const PIPELINED = 50;
const MEMORY_MB = 200;
const MB = 1024 * 1024;

/** @type {import('../fault.mjs').TortureFault} */
export const addresses = {
  id: 'addresses',
  how: (form) => `${ADDRESSES[form]} requests, each from another address by what a trusted proxy says`,
  async run(lab, form) {
    const database = await lab.database();
    // The limits as they are by default: three counters an address.
    const api = await lab.api({
      DATABASE_URL: database.url,
      TRUSTED_PROXIES: '127.0.0.1',
      RATE_LIMIT_ADDRESS: '1200/minute',
      RATE_LIMIT_ANONYMOUS: '120/minute;10000/day',
    });
    const client = lab.client(api.port);
    await client.call('GET', '/health/live');
    const bystander = startBystander(client, [['/health/live'], ['/.well-known/jwks.json']]);
    const before = api.memory;
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, api.memory)), 100);
    lab.atEnd(() => clearInterval(watch));
    const flood = { sent: 0, wanted: ADDRESSES[form] };
    await Promise.all(Array.from({ length: CONNECTIONS }, () => pour(lab, api.port, flood)));
    clearInterval(watch);
    return [
      { what: 'addresses', value: flood.sent, least: ADDRESSES[form] },
      { what: 'more memory', value: (peak - before) / MB, unit: ' MB', most: MEMORY_MB },
      ...bystanderMeasures(await bystander.stop()),
    ];
  },
};

/**
 * Requests on one connection, each from an address that nobody had before.
 * @param {import('../lab.mjs').Lab} lab
 * @param {number} port
 * @param {{ sent: number, wanted: number }} flood
 * @returns {Promise<void>}
 */
function pour(lab, port, flood) {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1');
    lab.atEnd(() => socket.destroy());
    let owed = 0;
    const send = () => {
      if (flood.sent >= flood.wanted) {
        socket.destroy();
        done();
        return;
      }
      owed = PIPELINED;
      socket.write(Array.from({ length: PIPELINED }, () => requestFrom(flood.sent++)).join(''));
    };
    socket.on('connect', send).on('error', fail);
    socket.on('data', (chunk) => {
      owed -= chunk.toString('latin1').split('HTTP/1.1 ').length - 1;
      if (owed <= 0) send();
    });
  });
}

/**
 * A path that nobody has counts in every window of strangers.
 * @param {number} n
 */
const requestFrom = (n) =>
  `GET /nowhere HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}\r\n\r\n`;
