// @ts-check
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { none } from '../fault.mjs';
import { aKey, anAccount } from '../../lab/people.mjs';

const LIMIT = 5;

const library = () =>
  globSync('/usr/lib{,64}/{,*/}faketime/libfaketime.so.1').toSorted((a, b) => a.localeCompare(b))[0] ?? null;

/** @type {import('../fault.mjs').TortureFault} */
export const clock = {
  id: 'clock',
  how: () => 'the clock goes two hours forward, four back, and right again, while the API runs',
  needs: ['faketime'],
  cannot: () => (library() ? null : 'libfaketime.so.1 is not where Debian puts it'),
  async run(lab) {
    const database = await lab.database();
    const file = join(lab.folder, 'clock');
    const setClock = (/** @type {string} */ offset) => writeFileSync(file, `${offset}\n`);
    setClock('+0');
    const api = await lab.api({
      DATABASE_URL: database.url,
      LD_PRELOAD: library() ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // A machine whose clock is set does not turn its monotonic one either.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    });
    const person = new Person(lab.client(api.port));
    await person.begin();
    for (const [offset, hours] of /** @type {[string, number][]} */ ([
      ['+2h', 2],
      ['-2h', -2],
      ['+0', 0],
    ])) {
      setClock(offset);
      lab.tell(`the clock is ${offset} off`);
      await person.look(offset, hours);
    }
    return [
      { what: 'answers compared with what is documented', value: person.looked, least: 1 },
      none('otherwise', person.otherwise),
    ];
  },
};

/** Somebody whose credentials and limits live through the changes of the clock. */
class Person {
  looked = 0;
  /** @type {string[]} */
  otherwise = [];
  #retryAfter = Infinity;
  #key = '';
  #account = { token: '', refreshToken: '' };
  #client;

  /** @param {import('../../lab/http-client.mjs').HttpClient} client */
  constructor(client) {
    this.#client = client;
  }

  /** A key whose limit is used up, and a token that was accepted. */
  async begin() {
    const account = await anAccount(this.#client);
    this.#account = account;
    this.#key = await aKey(this.#client, account, { rateLimit: `${LIMIT}/hour` });
    for (let i = 0; i < LIMIT; i++) this.#expect('within the limit', await this.#withKey(), 200);
    await this.#expectLimit('before');
    this.#expect('a new token', await this.#me(), 200);
  }

  /**
   * @param {string} when
   * @param {number} hours by which the clock is off
   */
  async look(when, hours) {
    // Windows are measured by a clock that nobody sets.
    await this.#expectLimit(when);
    // Tokens carry times of the wall clock: one of later or of long ago is none.
    this.#expect(`${when}: the token of before`, await this.#me(), 401, 'token_invalid');
    const { refreshToken } = this.#account;
    const answer = await this.#client.call('POST', '/api/v1/auth/refresh', { json: { refresh_token: refreshToken } });
    this.#expect(`${when}: the session goes on`, answer, 200);
    if (answer.status !== 200) return;
    this.#account = { token: answer.body.access_token, refreshToken: answer.body.refresh_token };
    const me = await this.#me();
    this.#expect(`${when}: the token of now`, me, 200);
    const off = (issuedAt(answer.body.access_token) - Date.now()) / 3_600_000;
    if (Math.abs(off - hours) > 0.1) throw new Error(`the clock of the API is ${off} hours off, not ${hours}`);
    this.#expect(`${when}: ready`, await this.#client.call('GET', '/health/ready'), 200);
  }

  #me() {
    return this.#client.call('GET', '/api/v1/users/me', { token: this.#account.token });
  }

  #withKey() {
    return this.#client.call('GET', '/api/v1/data', { key: this.#key });
  }

  /** @param {string} when */
  async #expectLimit(when) {
    const answer = await this.#withKey();
    this.#expect(`${when}: the limit`, answer, 429, 'rate_limited');
    const left = Number(answer.headers['retry-after']);
    this.looked += 1;
    if (!(left > 0 && left <= this.#retryAfter)) this.otherwise.push(`${when}: Retry-After ${left}`);
    this.#retryAfter = left;
  }

  /**
   * @param {string} what
   * @param {import('../../lab/http-client.mjs').Answer} answer
   * @param {number} status
   * @param {string} [code]
   */
  #expect(what, answer, status, code) {
    this.looked += 1;
    const isRight = answer.status === status && (code === undefined || answer.body.code === code);
    if (!isRight) this.otherwise.push(`${what}: ${answer.status} ${answer.body?.code ?? ''}`);
  }
}

/**
 * @param {string} token
 * @returns {number} milliseconds
 */
const issuedAt = (token) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).iat * 1000;
