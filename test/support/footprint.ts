import type { TestDatabase } from './database.js';

/** Rows and checksum of each table but that of guesses, which count whatever comes of them: equal before and after means that nothing was written. */
export async function footprintOf(db: TestDatabase): Promise<Record<string, string>> {
  const tables = await db.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'attempts' ORDER BY tablename`,
  );
  if (tables.length < 10) throw new Error('there is hardly a table to look at');
  const sums = await db.query<{ name: string; sum: string }>(tables.map(({ name }) => sumOf(name)).join(' UNION ALL '));
  return Object.fromEntries(sums.map(({ name, sum }) => [name, sum]));
}

/** What an answer uses up though it is refused: a challenge is answered once, rightly or not, and a passkey counts its uses. */
const SPENT: Readonly<Record<string, readonly string[]>> = {
  'POST /api/v1/users/me/passkeys': ['challenges'],
  'POST /api/v1/auth/passkey': ['challenges', 'passkeys'],
};

/** A footprint without what this route uses up in any case. */
export const unspent = (route: string, footprint: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(footprint).filter(([table]) => !SPENT[route]?.includes(table)));

/**
 * What is no effect of a request: when a key was last used is written in batches, of refused uses too, and a sealed successor goes after
 * its grace.
 */
const LATER: Readonly<Record<string, string>> = { api_keys: 'last_used_at', refresh_tokens: 'successor_sealed' };

function sumOf(table: string): string {
  const later = LATER[table];
  const row = later ? `to_jsonb(t) - '${later}'` : 'to_jsonb(t)';
  return `SELECT '${table}' AS name, count(*) || ' ' || coalesce(md5(string_agg(r, ',' ORDER BY r)), '') AS sum
          FROM (SELECT (${row})::text AS r FROM ${table} t) rows`;
}
