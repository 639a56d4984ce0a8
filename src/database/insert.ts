import type { EntityManager, EntityTarget, InsertQueryBuilder, ObjectLiteral } from 'typeorm';

/** An INSERT that asks for nothing back: `manager.insert()` reads again what the database filled in, which nobody looks at. */
export function inserting<T extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntityTarget<T>,
  row: Parameters<InsertQueryBuilder<T>['values']>[0],
): InsertQueryBuilder<T> {
  return manager.createQueryBuilder().insert().into(entity).values(row).updateEntity(false);
}
