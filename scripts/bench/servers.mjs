// @ts-check

/** What can be compared. Two forms of a server: proved tokens remembered, as it serves, and every token verified again. */
const SERVERS = /** @type {const} */ ({
  rampart: { name: 'rampart', script: 'bench/rampart.mjs', env: {} },
  rampartVerifying: { name: 'rampart, verifying', script: 'bench/rampart.mjs', env: { BENCH_VERIFY: 'every' } },
  anchor: { name: 'anchor', script: 'dist/bench/anchor.js', env: { TOKEN_CACHE: 'on' } },
  anchorVerifying: { name: 'anchor, verifying', script: 'dist/bench/anchor.js', env: { TOKEN_CACHE: 'off' } },
  plainNest: { name: 'a plain Nest app', script: 'dist/bench/plain-nest.js', env: {} },
});

/** @typedef {keyof typeof SERVERS} ServerId */

/** Each starts when it is first asked for, and stays: one that nobody asks costs nothing. */
export class Servers {
  #world;
  #databaseUrl;
  /** @type {Map<ServerId, Promise<import('./contestant.mjs').Contestant>>} */
  #started = new Map();

  /**
   * @param {import('./world.mjs').World} world
   * @param {string} databaseUrl
   */
  constructor(world, databaseUrl) {
    this.#world = world;
    this.#databaseUrl = databaseUrl;
  }

  /** @param {ServerId} id */
  get(id) {
    let server = this.#started.get(id);
    if (!server)
      this.#started.set(id, (server = this.#world.start({ ...SERVERS[id], databaseUrl: this.#databaseUrl })));
    return server;
  }
}
