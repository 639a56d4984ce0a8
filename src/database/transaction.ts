import type { EntityManager } from 'typeorm';

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
