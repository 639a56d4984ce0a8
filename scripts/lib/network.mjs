// @ts-check
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { Fault, codeOf } from './faults.mjs';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
const WILDCARD = new Set(['0.0.0.0', '::']);

/**
 * The address a person types: one name for every way of listening on this machine.
 * @param {{ url: string, port: number }} listening
 * @param {string} host
 */
export function publicUrl({ url, port }, host) {
  if (!LOOPBACK.has(host) && !WILDCARD.has(host)) return url.replace(/\/$/, '');
  return `${url.startsWith('https:') ? 'https' : 'http'}://localhost:${port}`;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ host: string, port: number }}
 */
export function parseAddress(env) {
  const text = env.PORT || '3000';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65_535) throw new Fault(`PORT must be a number from 1 to 65535, not ${JSON.stringify(text)}.`);
  return { host: env.HOST || '127.0.0.1', port };
}

/**
 * Says before any work is done that the API could not listen.
 * @param {{ host: string, port: number }} address port 0: any free one
 */
export async function checkAddress({ host, port }) {
  if (port === 0) return;
  const failure = await listenError(host, port);
  // On some systems the same port on another local address does not collide, and `localhost` would reach that one.
  const taken =
    failure === 'EADDRINUSE' ||
    (failure === '' && LOOPBACK.has(host) && (await answers('localhost', port, 1000)) === '');
  if (taken) {
    throw new Fault(
      `Port ${port} on ${host} is taken: end what listens there, or choose another: PORT=${other(port)} npm start`,
    );
  }
  if (failure === 'EACCES') throw new Fault(`Port ${port} needs more rights: choose another, PORT=3000 npm start`);
  if (failure) throw new Fault(`HOST=${host} is not an address of this machine (${failure}).`);
}

/** @param {number} port */
const other = (port) => (port < 65_535 ? port + 1 : 3000);

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<string>} the error code, empty when the port is free
 */
function listenError(host, port) {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error) => done(codeOf(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => done('')));
  });
}

/**
 * @param {string} host
 * @param {number} port
 * @param {number} ms
 * @returns {Promise<string>} the error code, empty when somebody answers
 */
function answers(host, port, ms) {
  return new Promise((done) => {
    const socket = connect({ host, port, timeout: ms });
    const finish = (/** @type {string} */ code) => {
      socket.destroy();
      done(code);
    };
    socket.once('connect', () => finish(''));
    socket.once('timeout', () => finish('ETIMEDOUT'));
    // With several addresses the errors come together, each with its code.
    socket.once('error', (error) =>
      finish(codeOf(error instanceof AggregateError ? (error.errors[0] ?? error) : error) || 'no answer'),
    );
  });
}

/**
 * Whether anything answers where DATABASE_URL points. Names, passwords and certificates are the API's to judge.
 * @param {NodeJS.ProcessEnv} env
 */
export async function checkDatabase(env) {
  let host = '';
  let port = 5432;
  try {
    const url = new URL(env.DATABASE_URL || readFileSync(env.DATABASE_URL_FILE ?? '', 'utf8').trim());
    host = decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '');
    port = Number(url.port || 5432);
  } catch {
    return;
  }
  // No host: a socket, given in the query.
  if (host === '') return;
  const failure = await answers(host, port, 5000);
  if (failure) {
    throw new Fault(
      `The database of DATABASE_URL does not answer at ${host}:${port} (${failure}): start it, or unset DATABASE_URL to use the embedded one.`,
    );
  }
}

/**
 * A port of loopback that nobody has at this moment: the wanted one, or any when somebody has it.
 * @param {number} [wanted]
 * @returns {Promise<number>}
 */
export function freePort(wanted = 0) {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', (error) => (wanted ? done(freePort()) : fail(error)));
    server.listen({ host: '127.0.0.1', port: wanted > 0 && wanted < 65_536 ? wanted : 0 }, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
