import type { Socket } from 'node:net';
import pg from 'pg';
import { deadline, PATIENT_MS, STEP_MS, type TimeLimits } from './time-limits.js';

/** A process that stopped within a transaction, or whose machine is gone, keeps its locks no longer. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** The server's own limit comes first: it ends the statement and keeps the connection. */
const LATER_MS = 1_000;
/** How often is looked for who has waited too long. */
const LOOK_MS = 50;

type Connected = pg.ClientBase & { readonly connection: { readonly stream: Socket }; readonly readyForQuery: boolean };
/** When the time of whoever waits for a connection is up, if anybody does, and whether its silence is judged step by step. */
interface Watch {
  end: number;
  hurried: boolean;
}
type Done = (error: Error | undefined, client: pg.PoolClient | undefined, release: (error?: unknown) => void) => void;

/**
 * A pool in which nobody waits longer than the limits (ASVS 13.1.3, 13.2.6). A statement ends at its limit; a server that is frozen
 * or cut off says nothing at all, and its connection goes. Not `query_timeout`, which keeps the connection, and with it a
 * transaction that the next user of the connection would commit.
 */
export class BoundedPool extends pg.Pool {
  private readonly limits: TimeLimits;
  /** Of each connection, and for as long: what came and went with each use would be garbage of the old generation. */
  private readonly watches = new Map<pg.ClientBase, Watch>();

  constructor({ limits, ...config }: pg.PoolConfig & { limits: TimeLimits }) {
    // The first one is made at the start, for which nobody waits: a busy machine is no reason to give up.
    super({ ...config, connectionTimeoutMillis: PATIENT_MS });
    this.limits = limits;
    // The pool waits for it, which its types do not know.
    const onConnect = (client: pg.ClientBase) => introduce(client, limits, this.options.connectionTimeoutMillis);
    Object.assign(this.options, { onConnect });
    this.once('connect', () => (this.options.connectionTimeoutMillis = limits.acquireMs));
    this.on('release', (_error, client) => this.unwatch(client));
    this.on('remove', (client) => this.watches.delete(client));
    // One timer for all of them: one for each would cost as much as what is asked.
    const timer = setInterval(() => this.hurryLate(), LOOK_MS).unref();
    this.once('end', () => clearInterval(timer));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(done: Done): void;
  override connect(done?: Done): Promise<pg.PoolClient> | void {
    if (done) return this.connectBefore(deadline(this.limits), done);
    return new Promise((resolve, reject) => {
      this.connect((error, client) => (client ? resolve(client) : reject(error ?? new Error('no connection'))));
    });
  }

  private connectBefore(end: number | undefined, done: Done): void {
    if (end === undefined) return super.connect(done);
    if (this.idleCount > this.waitingCount || timeLeft(end) >= this.limits.acquireMs) {
      // There is one for us, or the pool's own limit comes first.
      return super.connect((error, client, release) => {
        if (client) this.watch(client, end);
        done(error, client, release);
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      done(new Error('timeout exceeded when trying to connect'), undefined, () => undefined);
    }, timeLeft(end));
    super.connect((error, client, release) => {
      clearTimeout(timer);
      if (late) return client && release();
      if (client) this.watch(client, end);
      done(error, client, release);
    });
  }

  /** Silence is judged by what is left of the request's time, and once that is up, step by step. */
  private watch(client: pg.ClientBase, end: number): void {
    let watch = this.watches.get(client);
    if (!watch) this.watches.set(client, (watch = { end, hurried: false }));
    watch.end = end;
    if (end - performance.now() <= STEP_MS) hurry(client, watch);
  }

  private hurryLate(): void {
    const soon = performance.now() + STEP_MS;
    for (const [client, watch] of this.watches) if (watch.end <= soon && !watch.hurried) hurry(client, watch);
  }

  private unwatch(client: pg.ClientBase): void {
    const watch = this.watches.get(client);
    if (!watch) return;
    if (watch.hurried) (client as Connected).connection.stream.setTimeout(silenceMs(this.limits));
    watch.hurried = false;
    watch.end = Number.POSITIVE_INFINITY;
  }
}

function hurry(client: pg.ClientBase, watch: Watch): void {
  watch.hurried = true;
  (client as Connected).connection.stream.setTimeout(STEP_MS);
}

const timeLeft = (end: number): number => Math.max(STEP_MS, end - performance.now());

const silenceMs = ({ statementMs }: TimeLimits): number => Math.max(statementMs, PATIENT_MS) + LATER_MS;

/** Tells a new connection its limits, which its server may be too far gone to hear. */
async function introduce(client: pg.ClientBase, limits: TimeLimits, answerMs = limits.acquireMs): Promise<void> {
  const connected = client as Connected;
  const { stream } = connected.connection;
  // The pool has stopped listening when its promise of a connection is kept, and an error that nobody hears ends the process.
  client.on('error', () => undefined);
  // Not as the argument of setTimeout(), which listens once: an idle minute would be the last that is watched.
  stream.on('timeout', () => {
    if (connected.readyForQuery) return;
    stream.destroy(Object.assign(new Error('the database is silent'), { code: 'ETIMEDOUT' }));
  });
  stream.setTimeout(answerMs);
  await client.query(
    `SET statement_timeout = ${limits.statementMs}; SET lock_timeout = ${limits.lockMs};
     SET idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`,
  );
  stream.setTimeout(silenceMs(limits));
}
