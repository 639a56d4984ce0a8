// @ts-check
import { createHash } from 'node:crypto';

/**
 * What a record must be, as far as its last answer said. `maybe`: a change of it got no answer, so it happened or did not.
 * @typedef {{ name: string, version: number, deleted: boolean, maybe?: { name: string, version: number, deleted: boolean } }} Expected
 */

/** @param {Omit<Expected, 'maybe'>} record */
const textOf = ({ name, version, deleted }) => JSON.stringify([name, version, deleted]);

/** Everything that was acknowledged, to be looked for afterwards. */
export class Ledger {
  /** Answers that promised something. */
  acknowledged = 0;
  /** Requests that got another answer than the one that is right, or none; the first of each kind in words. */
  failed = 0;
  /** @type {Map<string, number>} */
  failures = new Map();
  /** Reads that did not show what was acknowledged before. */
  stale = 0;
  /** @type {Map<string, Expected>} */
  records = new Map();
  /** Ids of keys, and whether each must exist; undefined when a deletion got no answer.
   * @type {Map<string, boolean | undefined>} */
  keys = new Map();
  /** Refresh tokens that must be live. One that was exchanged is taken out before.
   * @type {Set<string>} */
  refreshTokens = new Set();
  /** Of writes that leave an audit row.
   * @type {string[]} */
  requestIds = [];

  /**
   * @param {import('../lab/http-client.mjs').Answer} answer
   * @param {boolean} [audited]
   */
  acknowledge({ headers }, audited = true) {
    this.acknowledged += 1;
    if (audited) this.requestIds.push(String(headers['x-request-id']));
  }

  /** @param {string} what */
  fail(what) {
    this.failed += 1;
    this.failures.set(what, (this.failures.get(what) ?? 0) + 1);
  }

  /** How the most frequent failures were. */
  get inWords() {
    const most = [...this.failures].toSorted(([, a], [, b]) => b - a).slice(0, 5);
    return most.map(([what, count]) => `${count} × ${what}`);
  }

  /**
   * Looks for everything in the database.
   * @param {import('../lab/cluster.mjs').Database} database
   * @returns {Promise<string[]>} what is missing or otherwise
   */
  async missing(database) {
    return [
      ...(await this.#missingRecords(database)),
      ...(await this.#missingKeys(database)),
      ...(await this.#missingTokens(database)),
      ...(await this.#missingAudit(database)),
    ];
  }

  /** @param {import('../lab/cluster.mjs').Database} database */
  async #missingRecords({ query }) {
    const rows = await query(
      'SELECT id, name, version, deleted_at IS NOT NULL AS deleted FROM records WHERE id = ANY($1)',
      [[...this.records.keys()]],
    );
    const found = new Map(rows.map(({ id, name, version, deleted }) => [id, textOf({ name, version, deleted })]));
    const twice = await query('SELECT name FROM records GROUP BY name HAVING count(*) > 1');
    return [
      ...[...this.records]
        .filter(([id, expected]) => {
          const row = found.get(id);
          return row !== textOf(expected) && !(expected.maybe && row === textOf(expected.maybe));
        })
        .map(([id, expected]) => `record ${id}: ${found.get(id) ?? 'absent'}, not ${textOf(expected)}`),
      ...twice.map(({ name }) => `made twice: ${name}`),
    ];
  }

  /** @param {import('../lab/cluster.mjs').Database} database */
  async #missingKeys({ query }) {
    const found = new Set((await query('SELECT id FROM api_keys')).map(({ id }) => id));
    return [...this.keys]
      .filter(([id, exists]) => exists !== undefined && found.has(id) !== exists)
      .map(([id, exists]) => `key ${id} ${exists ? 'is absent' : 'is still there'}`);
  }

  /** @param {import('../lab/cluster.mjs').Database} database */
  async #missingTokens({ query }) {
    const rows = await query(
      `SELECT encode(hash, 'hex') AS hash FROM refresh_tokens JOIN sessions s ON s.id = session_id
       WHERE used_at IS NULL AND s.ended_at IS NULL`,
    );
    const live = new Set(rows.map(({ hash }) => hash));
    return [...this.refreshTokens]
      .filter((token) => !live.has(createHash('sha256').update(token).digest('hex')))
      .map(() => 'a refresh token is not live');
  }

  /** @param {import('../lab/cluster.mjs').Database} database */
  async #missingAudit({ query }) {
    const rows = await query('SELECT DISTINCT request_id FROM audit_events WHERE request_id = ANY($1)', [
      this.requestIds,
    ]);
    const found = new Set(rows.map(({ request_id: id }) => id));
    return this.requestIds.filter((id) => !found.has(id)).map((id) => `no audit row of request ${id}`);
  }
}
