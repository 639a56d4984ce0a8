import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyInstance } from 'fastify';

/** How long the database may keep somebody waiting, in milliseconds. */
export interface TimeLimits {
  /** For a connection of the pool, which may have to be made. */
  readonly acquireMs: number;
  /** For one lock. Longer than PostgreSQL's `deadlock_timeout` of a second: a deadlock that is not found is not resolved either. */
  readonly lockMs: number;
  /** For one statement, with the locks it waits for. */
  readonly statementMs: number;
  /** For all of it together, from a request's first question on. */
  readonly requestMs: number;
}

/** What a step may take after that: whoever waited for other things, or has much to do, goes on as long as the database does. */
export const STEP_MS = 300;

/** What one statement may take that nobody waits for. */
export const PATIENT_MS = 5_000;

const clocks = new AsyncLocalStorage<{ deadline?: number } | 'of each question'>();

/** Runs what somebody waits for: all questions of it to the database together have the time of one request, from the first on. */
export function withinRequestTime<T>(work: () => T): T {
  return clocks.run({}, work);
}

/** When the database must have answered whoever asks, in monotonic time; undefined where nobody waits. */
export function deadline({ requestMs }: TimeLimits): number | undefined {
  const clock = clocks.getStore();
  if (clock === 'of each question') return performance.now() + requestMs;
  if (clock) clock.deadline ??= performance.now() + requestMs;
  return clock?.deadline;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** From here on, and for whoever called this without having waited, all questions of a request have the time of one. */
    shareTime(): void;
  }
}

/**
 * Gives every request its time. After the body was read: its events would lose the context, and its sender may be slow.
 * What only reads, without a filter and with a credential that is known, asks a single question: a context of its own for each such
 * request would be a twentieth of what it costs, because every write to a socket holds on to it.
 */
export function limitRequestTime(instance: FastifyInstance): void {
  const reading = clocks.run('of each question', () => AsyncLocalStorage.snapshot());
  instance.decorateRequest('shareTime', () => clocks.enterWith({}));
  instance.addHook('preHandler', ({ method, url }, _reply, done) => {
    if ((method === 'GET' || method === 'HEAD') && !url.includes('?')) reading(done);
    else withinRequestTime(done);
  });
}
