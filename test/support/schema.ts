import type { TestDatabase } from './database.js';

const QUERIES = [
  `SELECT table_name, column_name, data_type, udt_name, is_nullable, column_default, collation_name, datetime_precision,
     is_identity, identity_generation FROM information_schema.columns WHERE table_schema = 'public'`,
  `SELECT conrelid::regclass::text AS on_table, conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
   WHERE connamespace = 'public'::regnamespace`,
  `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'`,
  `SELECT relname, relkind, relpersistence, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'`,
  `SELECT proname, pg_get_functiondef(oid) AS definition FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'`,
  `SELECT tgname, pg_get_triggerdef(oid) AS definition FROM pg_trigger WHERE NOT tgisinternal`,
  `SELECT typname, typtype FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typcategory <> 'A'`,
  'SELECT extname, extversion FROM pg_extension',
];

/** Everything a schema consists of, as lines that can be compared; the table of migrations is not part of it. */
export async function schemaOf(db: TestDatabase): Promise<string[]> {
  const parts = await Promise.all(QUERIES.map((sql) => db.query<object>(sql)));
  const lines = parts.flat().map((row) => JSON.stringify(row));
  return lines.filter((line) => !/"migrations(_\w+)?"|public\.migrations\b/.test(line)).toSorted();
}
