import type { TestDatabase } from './database.js';

/** Every row of every table as text, bytes in hexadecimal. */
export async function dumpTables(db: TestDatabase): Promise<Map<string, string>> {
  const tables = await db.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  );
  const dump = new Map<string, string>();
  for (const { name } of tables) {
    const rows = await db.query<{ row: string }>(`SELECT t::text AS row FROM "${name}" t`);
    dump.set(name, rows.map(({ row }) => row).join('\n'));
  }
  return dump;
}

/** The tables that hold this text anywhere: as it is, inside bytes, or as the bytes it encodes in base64url. */
export async function tablesWith(db: TestDatabase, text: string): Promise<string[]> {
  const forms = [text, Buffer.from(text).toString('hex'), Buffer.from(text, 'base64url').toString('hex')];
  const dump = await dumpTables(db);
  return [...dump]
    .filter(([, rows]) => forms.some((form) => form.length > 8 && rows.includes(form)))
    .map(([name]) => name);
}
