// @ts-check
import { createHash, createSign, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { aRecord } from '../../lab/people.mjs';
import { measure, median } from '../measure.mjs';
import { bytesOf, ROWS } from '../rows.mjs';
import { PUBLIC_URL } from '../world.mjs';

const READ = /** @type {import('../rows.mjs').Row} */ (ROWS.find(({ id }) => id === 'read'));
const FORM = 'application/x-www-form-urlencoded';

/** What OAuth 2.0 costs: a token at the token endpoint, and reads with tokens of it, beside one with a session's. */
export const applications = {
  id: 'applications',
  title: 'Other applications',
  /** @param {import('../bench.mjs').Stage} stage */
  async run({ world, databaseUrl, cast, pace }) {
    const server = await world.start({ name: 'applications', script: 'bench/rampart.mjs', databaseUrl });
    const machine = await aMachine(databaseUrl);
    const bound = new Prover();
    const token = await tokenOf(server.port, machine);
    const boundToken = await tokenOf(server.port, machine, bound.proof('POST', '/oauth/token'));
    const path = `/api/v1/data/${await aRecordOf(server.port, token)}`;
    const proved = () => ({ Authorization: `DPoP ${boundToken}`, DPoP: bound.proof('GET', path, boundToken) });
    const form = { Authorization: machine.basic, 'Content-Type': FORM };
    const rows = [
      READ,
      traffic('token', () => bytesOf('POST', '/oauth/token', form, 'grant_type=client_credentials')),
      traffic('read', () => bytesOf('GET', path, { Authorization: `Bearer ${token}` })),
      traffic('bound', () => bytesOf('GET', path, proved())),
    ];
    const results = await measure(
      rows.map((row) => ({ row, server, cast })),
      pace,
    );
    const [session = 1, token_, read = 0, dpop = 0] = results.map(({ slices }) => median(slices));
    await server.stop();
    return {
      id: this.id,
      title: this.title,
      findings: [
        { what: 'POST /oauth/token, client credentials', value: token_ ?? 0, unit: 'µs' },
        { what: 'GET /data/:id, OAuth token, to one of a session', value: read / session, unit: '×' },
        { what: 'GET /data/:id, OAuth token with DPoP', value: dpop, unit: 'µs' },
        { what: 'the same to one without DPoP', value: dpop / read, unit: '×' },
      ],
    };
  },
};

/**
 * @param {string} id
 * @param {() => Buffer} next
 * @returns {import('../rows.mjs').Row}
 */
const traffic = (id, next) => ({ id, what: id, traffic: () => ({ status: 200, next }) });

/** @typedef {{ id: string, basic: string }} Machine */

/**
 * A client that acts for itself.
 * @param {string} databaseUrl
 * @returns {Promise<Machine>}
 */
async function aMachine(databaseUrl) {
  const [id, secret] = [randomUUID(), randomBytes(32).toString('base64url')];
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    await database.query(
      `INSERT INTO oauth_clients (id, name, application_type, auth_method, grant_types, scopes)
       VALUES ($1, 'bench', 'web', 'client_secret_basic', '{client_credentials}', '{data:read,data:write}')`,
      [id],
    );
    const hash = createHash('sha256').update(secret).digest();
    await database.query('INSERT INTO oauth_client_secrets (hash, client_id) VALUES ($1, $2)', [hash, id]);
  } finally {
    await database.end();
  }
  return { id, basic: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}

/**
 * @param {number} port
 * @param {Machine} machine
 * @param {string} [proof]
 * @returns {Promise<string>}
 */
async function tokenOf(port, { basic }, proof) {
  const answer = await fetch(`http://127.0.0.1:${port}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic, 'content-type': FORM, ...(proof && { dpop: proof }) },
    body: 'grant_type=client_credentials',
  });
  const { access_token: token } = /** @type {{ access_token?: string }} */ (await answer.json());
  if (!token) throw new Error(`the token endpoint answered ${answer.status}`);
  return token;
}

/**
 * @param {number} port
 * @param {string} token
 */
async function aRecordOf(port, token) {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/data`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(aRecord()),
  });
  return /** @type {{ id: string }} */ (await answer.json()).id;
}

/** Somebody with a key, who proves it anew for each request (RFC 9449). */
class Prover {
  #key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  #header = encoded({ alg: 'ES256', typ: 'dpop+jwt', jwk: this.#key.publicKey.export({ format: 'jwk' }) });

  /**
   * @param {string} htm
   * @param {string} path
   * @param {string} [token]
   */
  proof(htm, path, token) {
    const ath = token && createHash('sha256').update(token).digest('base64url');
    const iat = Math.floor(Date.now() / 1000);
    const claims = { htm, htu: PUBLIC_URL + path, iat, jti: randomUUID(), ...(ath && { ath }) };
    const text = `${this.#header}.${encoded(claims)}`;
    const key = { key: this.#key.privateKey, dsaEncoding: /** @type {const} */ ('ieee-p1363') };
    return `${text}.${createSign('sha256').update(text).sign(key, 'base64url')}`;
  }
}

/** @param {object} value */
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
