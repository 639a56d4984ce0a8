import { setTimeout as wait } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { PATIENT_MS } from './time-limits.js';

const ATTEMPTS = 8;
const PAUSE_MS = 10;
/** What PostgreSQL undid for the sake of another transaction, and would do if it were asked again: 40001 and 40P01. */
const UNDONE: ReadonlySet<unknown> = new Set(['40001', '40P01']);

/**
 * Runs the work in a transaction, and all of it again from the start when it lost against another in a deadlock or by
 * serialization. What must happen once stands outside: after the commit, as the forgetting of what was revoked.
 */
export async function inTransaction<T>(
  source: Pick<EntityManager, 'transaction'>,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await source.transaction(work);
    } catch (error) {
      const { driverError } = (error ?? {}) as { driverError?: { code?: string } };
      if (attempt === ATTEMPTS || !UNDONE.has(driverError?.code)) throw error;
    }
    // Of two that are in each other's way one shall be first.
    await wait(Math.random() * PAUSE_MS * 2 ** attempt);
  }
}

/** Gives the statements and locks of this transaction, which no request waits for, more time than those of requests have. */
export async function patiently(manager: EntityManager): Promise<void> {
  await manager.query(`SET LOCAL statement_timeout = ${PATIENT_MS}; SET LOCAL lock_timeout = ${PATIENT_MS}`);
}

/** A key for `pg_advisory_xact_lock`: one lock per rule or thing, the same in every instance. */
export async function lock(manager: EntityManager, name: string): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
}

/** The same, without waiting. False when another transaction holds it. */
export async function tryLock(manager: EntityManager, name: string): Promise<boolean> {
  const [row] = await manager.query<{ held: boolean }[]>(
    'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS held',
    [name],
  );
  return row?.held ?? false;
}

/** Whether an error is the violation of this unique constraint. */
export function violates(error: unknown, constraint: string): boolean {
  const { driverError } = (error ?? {}) as { driverError?: { code?: string; constraint?: string } };
  return driverError?.code === '23505' && driverError.constraint === constraint;
}
