// @ts-check
import { aRecord } from '../lab/people.mjs';
import { PUBLIC_URL } from './world.mjs';

/** @typedef {import('./world.mjs').Cast} Cast */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} what
 * @property {number} [connections]
 * @property {readonly [import('./servers.mjs').ServerId, import('./servers.mjs').ServerId]} [between] the backend and the hand-written server unless said
 * @property {number} [target] the most that the first may cost, as a ratio to the second
 * @property {(cast: Cast, call: (method: string, path: string, options?: import('../lab/http-client.mjs').Call) => Promise<import('../lab/http-client.mjs').Answer>, connections: number) => Promise<import('./load.mjs').Traffic> | import('./load.mjs').Traffic} traffic
 */

const LIKE_FOR_LIKE = 1.2;
const UNKNOWN = '01980000-0000-7000-8000-000000000000';
const { host } = new URL(PUBLIC_URL);

/**
 * The bytes of a request.
 * @param {string} method
 * @param {string} path
 * @param {Record<string, string>} [headers]
 * @param {unknown} [json] or a text, as it is
 */
export function bytesOf(method, path, headers = {}, json) {
  const body = json === undefined ? '' : typeof json === 'string' ? json : JSON.stringify(json);
  const all = json === undefined ? headers : { 'Content-Type': 'application/json', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = json === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}${length}\r\n${body}`);
}

/** @param {Cast} cast */
const bearer = ({ account }) => ({ Authorization: `Bearer ${account.token}` });

/**
 * Each of the records in turn.
 * @param {Cast} cast
 * @param {number} status
 * @param {Record<string, string>} headers
 * @returns {import('./load.mjs').Traffic}
 */
function reading({ records }, status, headers) {
  const all = records.map((id) => bytesOf('GET', `/api/v1/data/${id}`, headers));
  let at = 0;
  return { status, next: () => /** @type {Buffer} */ (all[at++ % all.length]) };
}

/** @param {Cast} cast */
const readingByToken = (cast) => reading(cast, 200, bearer(cast));

/**
 * The same request again and again.
 * @param {number} status
 * @param {Buffer} bytes
 * @returns {import('./load.mjs').Traffic}
 */
const repeating = (status, bytes) => ({ status, next: () => bytes });

/** @param {string} token */
const refreshing = (token) => bytesOf('POST', '/api/v1/auth/refresh', {}, { refresh_token: token });

/**
 * Each connection as one of these people: what one account may do at once is bounded.
 * @param {readonly import('../lab/people.mjs').Person[]} people
 * @returns {import('./load.mjs').Traffic}
 */
export function loggingIn(people) {
  const all = people.map(({ email, password }) => bytesOf('POST', '/api/v1/auth/login', {}, { email, password }));
  return { status: 200, next: (slot) => /** @type {Buffer} */ (all[slot % all.length]) };
}

/** @type {readonly Row[]} */
export const ROWS = [
  { id: 'read', what: 'GET /data/:id, JWT', target: LIKE_FOR_LIKE, traffic: readingByToken },
  {
    id: 'verified',
    what: 'GET /data/:id, each verified',
    between: ['rampartVerifying', 'anchorVerifying'],
    target: LIKE_FOR_LIKE,
    traffic: readingByToken,
  },
  {
    id: 'known',
    what: 'GET /data/:id, known to us',
    between: ['rampart', 'anchorVerifying'],
    target: 1,
    traffic: readingByToken,
  },
  { id: 'plain', what: 'GET /data/:id, plain', between: ['plainNest', 'rampart'], traffic: readingByToken },
  {
    id: 'read-key',
    what: 'GET /data/:id, API key',
    target: LIKE_FOR_LIKE,
    traffic: (cast) => reading(cast, 200, { 'X-API-Key': cast.key }),
  },
  {
    id: 'unchanged',
    what: 'GET /data/:id, 304',
    traffic: (cast) => reading(cast, 304, { ...bearer(cast), 'If-None-Match': '"1"' }),
  },
  {
    id: 'list',
    what: 'GET /data, 20 of 100',
    traffic: (cast) => repeating(200, bytesOf('GET', '/api/v1/data', bearer(cast))),
  },
  {
    id: 'create',
    what: 'POST /data',
    traffic: (cast) => repeating(201, bytesOf('POST', '/api/v1/data', bearer(cast), aRecord())),
  },
  {
    id: 'change',
    what: 'PATCH /data/:id',
    async traffic(cast, call, connections) {
      const made = Array.from({ length: connections }, () =>
        call('POST', '/api/v1/data', { token: cast.account.token, json: aRecord() }),
      );
      const own = (await Promise.all(made)).map(({ body }) =>
        bytesOf('PATCH', `/api/v1/data/${body.id}`, { ...bearer(cast), 'If-Match': '*' }, { name: 'changed' }),
      );
      return { status: 200, next: (slot) => /** @type {Buffer} */ (own[slot]) };
    },
  },
  { id: '401', what: '401, nothing presented', traffic: (cast) => reading(cast, 401, {}) },
  { id: '403', what: '403, scope missing', traffic: (cast) => reading(cast, 403, { 'X-API-Key': cast.narrow }) },
  {
    id: '404',
    what: '404, no such record',
    traffic: (cast) => repeating(404, bytesOf('GET', `/api/v1/data/${UNKNOWN}`, bearer(cast))),
  },
  {
    id: '429',
    what: "429, a key's limit",
    async traffic(cast, call) {
      await call('GET', `/api/v1/data/${cast.records[0]}`, { key: cast.exhausted });
      return reading(cast, 429, { 'X-API-Key': cast.exhausted });
    },
  },
  {
    id: 'login',
    what: 'POST /auth/login',
    // As many as are hashed at once: more would measure the queue.
    connections: 2,
    traffic: ({ account }) => loggingIn([account]),
  },
  {
    id: 'refresh',
    what: 'POST /auth/refresh',
    async traffic({ account: { email, password } }, call, connections) {
      /** @type {Buffer[]} */
      const next = [];
      for (let slot = 0; slot < connections; slot++) {
        const { body } = await call('POST', '/api/v1/auth/login', { json: { email, password } });
        next.push(refreshing(body.refresh_token));
      }
      return {
        status: 200,
        next: (slot) => /** @type {Buffer} */ (next[slot]),
        answered: (slot, body) => void (next[slot] = refreshing(JSON.parse(body.toString()).refresh_token)),
      };
    },
  },
];
