// @ts-check
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../lib/faults.mjs';
import { Ledger } from './ledger.mjs';
import { anAccount, aRecord, login } from '../lab/people.mjs';

/** Between two requests of one worker: the load is there to be interrupted, not to fill the machine. */
const PAUSE_MS = 10;
const AFTER_FAILURE_MS = 40;
const REPEAT_MS = 60;
/** How long the parent of a refresh token still gives its successor, less what a request may take. */
const GRACE_MS = 8_000;

/** How often each thing is done. */
const MIX = /** @type {const} */ ([
  ['create', 30],
  ['read', 30],
  ['patch', 20],
  ['remove', 6],
  ['restore', 3],
  ['makeKey', 4],
  ['endKey', 3],
  ['refresh', 3],
  ['visit', 1],
]);
const TOTAL = MIX.reduce((sum, [, weight]) => sum + weight, 0);

/** One person at work: one request after the other, each checked against what was acknowledged before. */
class Worker {
  /** @type {string[]} */
  #keys = [];
  /** Records that may be changed: no change of theirs is in doubt. @type {Set<string>} */
  #live = new Set();
  /** @type {Set<string>} */
  #deleted = new Set();
  #client;
  #ledger;
  #account;
  #isOver;

  /**
   * @param {import('../lab/http-client.mjs').HttpClient} client
   * @param {Ledger} ledger
   * @param {import('../lab/people.mjs').Account} account
   * @param {() => boolean} isOver
   */
  constructor(client, ledger, account, isOver) {
    this.#client = client;
    this.#ledger = ledger;
    this.#account = account;
    this.#isOver = isOver;
    ledger.refreshTokens.add(account.refreshToken);
  }

  async work() {
    while (!this.#isOver()) {
      const failed = this.#ledger.failed;
      await this[pick()]();
      await wait(this.#ledger.failed > failed ? AFTER_FAILURE_MS : PAUSE_MS);
    }
  }

  async create() {
    const json = aRecord();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await this.#ask('POST', '/api/v1/data', 201, { json, headers });
    const answer = first ?? (await this.#repeat(() => this.#ask('POST', '/api/v1/data', 201, { json, headers }, true)));
    if (!answer) return;
    // The answer to a repeated request may be of the first one, whose request id that answer took along.
    this.#ledger.acknowledge(answer, first !== null);
    this.#ledger.records.set(answer.body.id, { name: json.name, version: 1, deleted: false });
    this.#live.add(answer.body.id);
  }

  async read() {
    const id = any(this.#live);
    if (!id) return;
    const answer = await this.#ask('GET', `/api/v1/data/${id}`, 200);
    const expected = this.#ledger.records.get(id);
    if (answer && (answer.body.name !== expected?.name || answer.body.version !== expected?.version))
      this.#ledger.stale += 1;
  }

  async patch() {
    const { name } = aRecord();
    await this.#change('PATCH', 200, any(this.#live), { json: { name } }, { name });
  }

  async remove() {
    const id = any(this.#live);
    if (id && (await this.#change('DELETE', 204, id, {}, { deleted: true }))) {
      this.#live.delete(id);
      this.#deleted.add(id);
    }
  }

  async restore() {
    const id = any(this.#deleted);
    this.#deleted.delete(id ?? '');
    if (id && (await this.#change('POST', 200, id, {}, { deleted: false }, '/restore'))) this.#live.add(id);
  }

  async makeKey() {
    const json = { name: 'torture', scopes: ['data:read'] };
    const answer = await this.#ask('POST', '/api/v1/api-keys', 201, { json });
    if (!answer) return;
    this.#ledger.acknowledge(answer);
    this.#ledger.keys.set(answer.body.id, true);
    this.#keys.push(answer.body.id);
  }

  async endKey() {
    const id = this.#keys.pop();
    if (!id) return;
    const answer = await this.#ask('DELETE', `/api/v1/api-keys/${id}`, 204);
    if (answer) this.#ledger.acknowledge(answer);
    this.#ledger.keys.set(id, answer ? false : undefined);
  }

  async refresh() {
    const { refreshToken } = this.#account;
    this.#ledger.refreshTokens.delete(refreshToken);
    const begun = performance.now();
    const use = (/** @type {boolean} */ again) =>
      this.#ask('POST', '/api/v1/auth/refresh', 200, { json: { refresh_token: refreshToken } }, again);
    const answer =
      (await use(false)) ?? (await this.#repeat(() => use(performance.now() - begun > GRACE_MS), GRACE_MS));
    if (!answer) return this.#comeBack();
    this.#ledger.acknowledge(answer, false);
    this.#take(answer.body.access_token, answer.body.refresh_token);
  }

  /** A second device: in, and out again. */
  async visit() {
    const { email, password } = this.#account;
    const entered = await this.#ask('POST', '/api/v1/auth/login', 200, { json: { email, password } });
    if (!entered) return;
    this.#ledger.acknowledge(entered);
    const left = await this.#ask('POST', '/api/v1/auth/logout', 204, { token: entered.body.access_token });
    if (left) this.#ledger.acknowledge(left);
  }

  /** The session is in doubt: another one. */
  async #comeBack() {
    const account = await this.#repeat(() => login(this.#client, this.#account).catch(() => null));
    if (account) this.#take(account.token, account.refreshToken);
  }

  /**
   * @param {string} token
   * @param {string} refreshToken
   */
  #take(token, refreshToken) {
    Object.assign(this.#account, { token, refreshToken });
    this.#ledger.refreshTokens.add(refreshToken);
  }

  /**
   * A change of a record. Without an answer it is in doubt, and nothing more is asked of it.
   * @param {string} method
   * @param {number} status
   * @param {string | undefined} id
   * @param {import('../lab/http-client.mjs').Call} call
   * @param {{ name?: string, deleted?: boolean }} change
   * @param {string} [suffix]
   */
  async #change(method, status, id, call, change, suffix = '') {
    const before = this.#ledger.records.get(id ?? '');
    if (!id || !before) return false;
    const headers = { 'if-match': `"${before.version}"` };
    const answer = await this.#ask(method, `/api/v1/data/${id}${suffix}`, status, { ...call, headers });
    const after = { ...before, ...change, version: before.version + 1 };
    if (!answer) {
      this.#live.delete(id);
      before.maybe = after;
      return false;
    }
    this.#ledger.acknowledge(answer);
    this.#ledger.records.set(id, after);
    return true;
  }

  /**
   * The answer when it is the right one, else null, which is counted unless `quiet`.
   * @param {string} method
   * @param {string} path
   * @param {number} status
   * @param {import('../lab/http-client.mjs').Call} [call]
   * @param {boolean} [quiet]
   */
  async #ask(method, path, status, call = {}, quiet = false) {
    const { token } = this.#account;
    const what = `${method} ${path.replace(/[0-9a-f-]{36}/, ':id')}`;
    try {
      const answer = await this.#client.call(method, path, { token, ...call });
      if (answer.status === status) return answer;
      if (!quiet) this.#ledger.fail(`${what}: ${answer.status} ${answer.body?.code ?? ''}`.trimEnd());
    } catch (error) {
      if (!quiet) this.#ledger.fail(`${what}: ${codeOf(error) || String(error)}`);
    }
    return null;
  }

  /**
   * Until there is an answer, also when the load is over meanwhile.
   * @template T
   * @param {() => Promise<T | null>} work
   * @param {number} [forMs]
   * @returns {Promise<T | null>}
   */
  async #repeat(work, forMs = 30_000) {
    for (const begun = performance.now(); performance.now() - begun < forMs; await wait(REPEAT_MS)) {
      const result = await work();
      if (result) return result;
    }
    this.#ledger.fail('never answered');
    return null;
  }
}

/** @returns {(typeof MIX)[number][0]} */
function pick() {
  let at = Math.random() * TOTAL;
  for (const [name, weight] of MIX) if ((at -= weight) < 0) return name;
  return 'read';
}

/** @param {Set<string>} from */
const any = (from) => [...from][Math.floor(Math.random() * from.size)];

/**
 * Mixed reads and writes of so many people, until `stop()`, which waits for the last answers.
 * @param {import('../lab/http-client.mjs').HttpClient} client
 * @param {{ workers?: number }} [options]
 */
export async function startLoad(client, { workers = 6 } = {}) {
  const ledger = new Ledger();
  let over = false;
  const accounts = [];
  for (let i = 0; i < workers; i++) accounts.push(await anAccount(client));
  const work = Promise.all(accounts.map((each) => new Worker(client, ledger, each, () => over).work()));
  // Told to whoever stops the load.
  work.catch(() => undefined);
  return {
    ledger,
    async stop() {
      over = true;
      await work;
      return ledger;
    },
  };
}
