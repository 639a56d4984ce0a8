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

const clocks = new AsyncLocalStorage<{ deadline?: number }>();

/** Runs what somebody waits for: all questions of it to the database together have the time of one request, from the first on. */
export function withinRequestTime<T>(work: () => T): T {
  return clocks.run({}, work);
}

/** When the database must have answered whoever asks, in monotonic time; undefined where nobody waits. */
export function deadline({ requestMs }: TimeLimits): number | undefined {
  const clock = clocks.getStore();
  if (clock) clock.deadline ??= performance.now() + requestMs;
  return clock?.deadline;
}

/** Gives every request its time. After the body was read: its events would lose the context, and its sender may be slow. */
export function limitRequestTime(instance: FastifyInstance): void {
  instance.addHook('preHandler', (_request, _reply, done) => withinRequestTime(done));
}
