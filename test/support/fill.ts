import type { TestDatabase } from './database.js';

export const RECORDS = 1_000_000;
export const PEOPLE = 200_000;

/** The n-th row of a table that has been filled. */
export const nth = (n: number): string => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

const ID = `('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid`;
const HASH = `sha256(int8send(i))`;
const SOON = `now() + make_interval(secs => 86400 + i)`;
const AGO = `now() - make_interval(secs => i)`;

/** Every table large enough that reading all of it would show. Of twenty records one is another's, of fifty one is deleted. */
const rows = (owner: string): Readonly<Record<string, [count: number, columns: string, values: string]>> => ({
  subjects: [PEOPLE, 'id', ID],
  users: [
    PEOPLE,
    'id, email, email_key, username, username_key, roles, status, deletion_due_at, created_at',
    `${ID}, 'p' || i || '@example.com', 'p' || i || '@example.com', 'p' || i, 'p' || i,
     CASE WHEN i % 20000 = 0 THEN '{auditor}'::text[] ELSE '{user}'::text[] END,
     CASE WHEN i % 10000 = 0 THEN 'disabled' ELSE 'active' END, CASE WHEN i > ${PEOPLE - 3} THEN ${AGO} END, ${AGO}`,
  ],
  passwords: [PEOPLE, 'user_id, hash', `${ID}, 'none'`],
  invitations: [50_000, 'token_hash, user_id, expires_at', `${HASH}, ${ID}, ${SOON}`],
  sessions: [
    PEOPLE,
    'id, user_id, client_id, network, created_at, idle_expires_at, expires_at',
    `${ID}, ${ID}, 'first-party', '192.0.2.0/24', ${AGO}, CASE WHEN i < 100 THEN now() - interval '2 days' ELSE ${SOON} END, ${SOON}`,
  ],
  refresh_tokens: [
    PEOPLE,
    'hash, session_id, used_at, successor_sealed',
    `${HASH}, ${ID}, CASE WHEN i > 1000 THEN now() END, CASE WHEN i > ${PEOPLE - 100} THEN ''::bytea END`,
  ],
  revocations: [100_000, 'subject, created_at', `${ID}, now() - make_interval(secs => i)`],
  api_keys: [
    PEOPLE,
    'id, public_id, owner_id, name, scopes, created_at',
    `${ID}, 'k' || i, ${ID}, 'key', '{data:read}', ${AGO}`,
  ],
  api_key_secrets: [PEOPLE, 'hash, key_id', `${HASH}, ${ID}`],
  oauth_clients: [
    50_000,
    'id, owner_id, name, application_type, auth_method, redirect_uris, grant_types, scopes, created_at',
    `${ID}, ${ID}, 'client', 'web', 'client_secret_basic', '{https://a.example/}', '{authorization_code}', '{openid}', ${AGO}`,
  ],
  oauth_client_secrets: [
    50_000,
    'hash, client_id, expires_at',
    `${HASH}, ${ID}, CASE WHEN i < 100 THEN now() WHEN i % 10 = 0 THEN ${SOON} END`,
  ],
  records: [
    RECORDS,
    'id, owner_id, name, classification, content, tags, created_at, updated_at, deleted_at',
    `${ID}, CASE WHEN i % 20 = 0 THEN ('00000000-0000-7000-8000-' || lpad(to_hex(1 + i % 5000), 12, '0'))::uuid ELSE '${owner}' END,
     'Report ' || md5(i::text), (ARRAY['public', 'internal', 'confidential'])[1 + i % 3], '{"a":1}',
     ARRAY['t' || i % 50], ${AGO}, now() - make_interval(secs => (i::bigint * 7919) % ${RECORDS}),
     CASE WHEN i % 50 = 1 THEN now() - make_interval(days => i % 40) END`,
  ],
  idempotency_keys: [
    50_000,
    'subject, route, key, body_hash, status, headers, body, expires_at',
    `${ID}, 'POST /data', i::text, ${HASH}, 201::smallint, '{}', '{}', CASE WHEN i < 100 THEN now() - interval '1 day' ELSE ${SOON} END`,
  ],
  audit_events: [
    PEOPLE,
    'id, at, actor_kind, actor_id, action, target_id',
    `${ID}, ${AGO}, 'user', ${ID}, 'record.created', ${ID}`,
  ],
});

/** Fills every table; this owner gets almost all the records. Indexes and references are made again afterwards, which is faster. */
export async function fill(db: TestDatabase, owner: string): Promise<ReadonlySet<string>> {
  const { records, ...others } = rows(owner);
  const references = await db.query<Part>(
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %s', conrelid::regclass, conname) AS drop,
       format('ALTER TABLE %s ADD CONSTRAINT %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS make
     FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace`,
  );
  for (const { drop } of references) await db.query(drop);
  // A statement for all of them is faster than a trigger for each; a client here shares the subject of the person with its number.
  for (const table of ['users', 'oauth_clients']) await db.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  await Promise.all([fillTables(db, { records: records as Filling }), fillTables(db, others)]);
  for (const table of ['users', 'oauth_clients']) await db.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  for (const { make } of references) await db.query(make);
  return new Set(Object.keys({ records, ...others }));
}

type Filling = ReturnType<typeof rows>[string];

interface Part {
  readonly drop: string;
  readonly make: string;
}

async function fillTables(db: TestDatabase, tables: Readonly<Record<string, Filling>>): Promise<void> {
  for (const [table, [count, columns, values]] of Object.entries(tables)) {
    const indexes = await db.query<Part>(
      `SELECT 'DROP INDEX ' || indexname AS drop, indexdef AS make FROM pg_indexes WHERE schemaname = 'public'
       AND tablename = $1 AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)`,
      [table],
    );
    for (const { drop } of indexes) await db.query(drop);
    await db.query(`INSERT INTO ${table} (${columns}) SELECT ${values} FROM generate_series(1, ${count}) AS i`);
    for (const { make } of indexes) await db.query(make);
    await db.query(`VACUUM ANALYZE ${table}`);
  }
}
