// @ts-check
import { join } from 'node:path';
import { ApiProcess } from './api-process.mjs';
import { Claim, tryClaim } from './claim.mjs';
import { applicationEnvironment, readEnvironment } from './environment.mjs';
import { Ended, Fault, Interrupted } from './faults.mjs';
import { makeStateDir, readJson, root, stateDir } from './files.mjs';
import { endLeftovers } from './leftovers.mjs';
import { openDatabase } from './local-database.mjs';
import { developmentCertificate } from './certificate.mjs';
import { checkAddress, parseAddress, publicUrl } from './network.mjs';
import { prepareBuild, prepareRuntime } from './prepare.mjs';
import { identityOf } from './processes.mjs';
import { Progress } from './progress.mjs';
import { accounts, screen } from './screen.mjs';
import { seedOnce } from './seed.mjs';
import { aborted } from './stop-request.mjs';
import { watchSources } from './watch.mjs';

/**
 * @typedef {import('./stop-request.mjs').StopRequest} StopRequest
 * @typedef {import('./embedded-postgres.mjs').Cluster} Cluster
 * @typedef {import('./seed.mjs').Credentials} Credentials
 * @typedef {{ watch: boolean, tls: boolean }} Options
 */

/** One `npm start`: everything it has running, and the order in which that ends. */
class Run {
  progress = new Progress();
  /** @type {Cluster | null} */
  cluster = null;
  /** @type {ApiProcess | null} */
  api = null;
  /** @type {Credentials | null} made, and not shown yet */
  unseen = null;
  env = readEnvironment();

  /**
   * @param {Claim} claim
   * @param {StopRequest} stop
   */
  constructor(claim, stop) {
    this.claim = claim;
    this.stop = stop;
  }

  /** @param {Options} options */
  async serve({ watch, tls }) {
    const { signal } = this.stop;
    await endLeftovers(this.claim.previous, this.env);
    const address = parseAddress(this.env);
    await checkAddress(address);
    const preparing = { progress: this.progress, signal };
    const { node, version } = await prepareRuntime(preparing);
    await prepareBuild(node, preparing);
    const databaseUrl = await openDatabase(this.env, {
      stateDir,
      signal,
      progress: this.progress,
      onStart: (cluster) => {
        this.cluster = cluster;
        this.claim.update({ postgres: identityOf(cluster.pid) });
      },
    });
    this.claim.update({ databaseUrl });
    const certificate = tls ? await developmentCertificate(stateDir) : undefined;
    const env = applicationEnvironment(this.env, { stateDir, databaseUrl, certificate });
    if (this.cluster) this.unseen = await seedOnce(node, this.cluster, { env, signal, progress: this.progress });
    const listening = await this.progress.during('Starting the API', () => this.boot(node, env));
    const url = publicUrl(listening, address.host);
    this.claim.update({ url });
    process.stdout.write(
      this.screenFor(url, { node: version, watch, mailbox: Boolean(env.MAIL_DIR), certificate: certificate?.certFile }),
    );
    this.unseen = null;
    return watch ? this.whileWatching(node, env) : this.untilEnd();
  }

  /**
   * @param {string} node
   * @param {NodeJS.ProcessEnv} env
   * @returns {Promise<import('./api-process.mjs').Listening>}
   */
  async boot(node, env) {
    if (this.stop.signal.aborted) throw new Interrupted();
    const api = new ApiProcess(node, env);
    this.api = api;
    this.claim.update({ api: api.identity });
    const outcome = await Promise.race([api.listening, api.exited, aborted(this.stop.signal)]);
    if (outcome === undefined) throw new Interrupted();
    if (typeof outcome === 'number') throw new Ended(outcome);
    return outcome;
  }

  /**
   * @param {string} url
   * @param {{ node: string, watch: boolean, mailbox: boolean, certificate?: string }} facts
   */
  screenFor(url, { node, watch, mailbox, certificate }) {
    return screen({
      url,
      node,
      version: readJson(join(root, 'package.json')).version,
      database: this.cluster ? `PostgreSQL in ${this.cluster.dir}` : 'the one of DATABASE_URL',
      embedded: this.cluster !== null,
      credentials: this.unseen,
      watching: watch,
      mailbox,
      certificate,
    });
  }

  /** @returns {Promise<number>} */
  async untilEnd() {
    const outcome = await Promise.race([
      aborted(this.stop.signal).then(() => 0),
      this.databaseLost(),
      this.api?.exited ?? Promise.resolve(1),
    ]);
    return this.stop.signal.aborted ? 0 : outcome;
  }

  /** @returns {Promise<never>} */
  async databaseLost() {
    await (this.cluster?.exited ?? new Promise(() => {}));
    if (this.stop.signal.aborted) throw new Interrupted();
    throw new Fault(`PostgreSQL ended by itself: ${this.cluster?.dir}/postgres.log says why.`);
  }

  /**
   * @param {string} node
   * @param {NodeJS.ProcessEnv} env
   */
  async whileWatching(node, env) {
    const watching = watchSources({
      node,
      progress: this.progress,
      signal: this.stop.signal,
      restart: async () => {
        await this.api?.stop(this.stop.hurry);
        await this.progress.during('Restarting the API', () => this.boot(node, env));
      },
    });
    await Promise.race([watching, this.databaseLost()]);
    return 0;
  }

  /** The API drains while it still has its database; then the database. */
  async close() {
    const { hurry, signal } = this.stop;
    if (this.unseen) process.stdout.write(`${accounts(this.unseen)}\n`);
    const busy = this.api?.child.exitCode === null && this.api.child.signalCode === null;
    if (busy && signal.aborted)
      this.progress.line('Stopping: requests under way may finish. Ctrl-C again stops at once.');
    await this.api?.stop(hurry);
    await this.cluster?.stop({ hurry });
    if (signal.aborted) this.progress.line('Stopped.');
  }
}

/**
 * Runs the API until somebody stops it or it ends by itself.
 * @param {Options} options
 * @param {StopRequest} stop
 * @returns {Promise<number>} the exit code
 */
export async function serve(options, stop) {
  makeStateDir(stateDir);
  const claim = await tryClaim(join(stateDir, 'run.json'));
  if (!(claim instanceof Claim)) {
    const { pid, url } = claim.holder;
    throw new Fault(
      url ? `Rampart is already running at ${url}, pid ${pid}.` : `Rampart is already being started by pid ${pid}.`,
    );
  }
  try {
    const run = new Run(claim, stop);
    try {
      return await run.serve(options);
    } finally {
      await run.close();
    }
  } finally {
    claim.release();
  }
}
