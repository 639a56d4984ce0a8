import { DataSource, MigrationExecutor } from 'typeorm';
import type { Connection } from '../config/database.config.js';
import { dataSourceOptions } from './options.js';
import { applyPrivileges } from './privileges.js';
import { SchemaError } from './schema-error.js';

/** Any constant does, as long as every instance takes the same one; this spells "ramp". */
export const MIGRATION_LOCK = 0x72_61_6d_70;

/**
 * Runs what is pending and says what the application may do with each table, under an advisory lock: TypeORM has none, and instances
 * that start together would collide. The lock belongs to the session that migrates, so that of a killed instance it goes when its transaction has, not before.
 * Throws SchemaError for unknown migrations.
 */
export async function migrate(connection: Connection): Promise<string[]> {
  const dataSource = await new DataSource(dataSourceOptions(connection, 2)).initialize();
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseUnknown(dataSource);
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'each';
    const done = await executor.executePendingMigrations();
    await applyPrivileges((sql, values) => runner.query(sql, values));
    return done.map(({ name }) => name);
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await runner.release();
    await dataSource.destroy();
  }
}

/** Throws SchemaError unless the database has exactly the migrations of this build. */
export async function requireCurrentSchema(dataSource: DataSource): Promise<void> {
  const applied = await refuseUnknown(dataSource);
  const pending = namesOf(dataSource).filter((name) => !applied.includes(name));
  if (pending.length > 0) {
    throw new SchemaError(
      `the database lacks ${pending.length} migration(s), the first is ${pending[0]}: run "npm run migration:run", or set MIGRATION_DATABASE_URL`,
    );
  }
}

async function refuseUnknown(dataSource: DataSource): Promise<string[]> {
  const known = namesOf(dataSource);
  const applied = await appliedMigrations(dataSource);
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length === 0) return applied;
  throw new SchemaError(`the database has a migration this build does not know: ${unknown[0]}; deploy the newer build`);
}

async function appliedMigrations(dataSource: DataSource): Promise<string[]> {
  const [table] = await dataSource.query<{ found: string | null }[]>(`SELECT to_regclass('migrations') AS found`);
  if (!table?.found) return [];
  const rows = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id');
  return rows.map(({ name }) => name);
}

const namesOf = ({ migrations }: DataSource): string[] =>
  migrations.map((migration) => migration.name ?? migration.constructor.name);
