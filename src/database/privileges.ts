import pg from 'pg';

/** Runs statements on the connection of whoever may. */
export type Run = (sql: string, values?: unknown[]) => Promise<unknown>;

type Verb = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
const VERBS: readonly Verb[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** What the application may do with the rows of a table; an update leaves the columns in `fixed` as they are. */
interface Access {
  readonly may: readonly Verb[];
  readonly fixed?: readonly string[];
}

/**
 * Tables on which the application may do less than everything with rows: whoever takes it over, or finds a statement to inject
 * into, meets these limits (ASVS 13.2.2). What goes by ON DELETE CASCADE goes in the owner's name. A table that is not here may be
 * read and written as a whole, so that a new feature works; a row here takes away what it does not use.
 */
const ACCESS: Readonly<Record<string, Access>> = {
  migrations: { may: ['SELECT'] },
  audit_events: { may: ['SELECT', 'INSERT'] },
  // Triggers write it in the owner's name: nobody becomes an owner but by a row that is one.
  subjects: { may: ['SELECT'] },
  users: { may: VERBS, fixed: ['id', 'created_at'] },
  // An upsert of TypeORM writes the key too.
  passwords: { may: ['SELECT', 'INSERT', 'UPDATE'] },
  outgoing_mails: { may: VERBS, fixed: ['id', 'kind'] },
  email_tokens: { may: VERBS, fixed: ['hash', 'mail_id', 'user_id', 'purpose', 'email'] },
  attempts: { may: VERBS, fixed: ['key'] },
  challenges: { may: VERBS, fixed: ['hash', 'purpose', 'user_id'] },
  totp_factors: { may: VERBS, fixed: ['user_id'] },
  recovery_codes: { may: VERBS, fixed: ['hash', 'user_id'] },
  passkeys: {
    may: VERBS,
    fixed: ['id', 'user_id', 'credential_id', 'public_key', 'transports', 'device_type', 'created_at'],
  },
  outside_accounts: { may: VERBS, fixed: ['id', 'user_id', 'provider', 'issuer', 'subject', 'created_at'] },
  security_events: { may: VERBS, fixed: ['id', 'user_id', 'kind', 'at'] },
  // FOR UPDATE, by which housekeeping takes its rows, needs a column that may change.
  invitations: { may: VERBS, fixed: ['token_hash', 'user_id'] },
  sessions: { may: VERBS, fixed: ['id', 'user_id', 'client_id', 'acr', 'created_at', 'expires_at'] },
  refresh_tokens: { may: VERBS, fixed: ['hash', 'session_id', 'parent_hash'] },
  signing_keys: { may: VERBS, fixed: ['kid', 'algorithm', 'public_jwk', 'sealed_private', 'created_at'] },
  revocations: { may: VERBS, fixed: ['id', 'subject'] },
  api_keys: { may: VERBS, fixed: ['id', 'public_id', 'owner_id', 'created_at'] },
  api_key_secrets: { may: VERBS, fixed: ['hash', 'key_id'] },
  oauth_clients: {
    may: VERBS,
    fixed: ['id', 'owner_id', 'application_type', 'auth_method', 'grant_types', 'registered', 'created_at'],
  },
  oauth_client_secrets: { may: VERBS, fixed: ['hash', 'client_id', 'created_at'] },
  oauth_grants: { may: VERBS, fixed: ['id', 'user_id', 'client_id', 'created_at'] },
  oauth_artifacts: { may: VERBS, fixed: ['hash', 'kind'] },
  oauth_ended_tokens: { may: VERBS, fixed: ['id'] },
  used_proofs: { may: VERBS, fixed: ['hash'] },
  records: { may: VERBS, fixed: ['id', 'owner_id', 'created_at'] },
};

/** What the application gets on tables that do not exist yet, from the role that will make them. */
export function defaultPrivileges(role: string): string {
  const name = pg.escapeIdentifier(role);
  return `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ${VERBS.join(', ')} ON TABLES TO ${name};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO ${name}`;
}

/** The roles that get all four on every new table of the current role: applications. None where one role does everything. */
const APPLICATIONS = `SELECT a.grantee::regrole::text AS role FROM pg_default_acl d, aclexplode(d.defaclacl) a
  WHERE d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user) AND d.defaclobjtype = 'r'
    AND d.defaclnamespace = 'public'::regnamespace AND a.grantee <> 0 AND a.grantee <> d.defaclrole
    AND a.privilege_type = ANY ($1) GROUP BY a.grantee HAVING count(*) = cardinality($1)`;

const TABLES = `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.relname ORDER BY c.relname`;

/** Gives every application exactly what ACCESS says on the tables there are. For the role that owns them, in a transaction. */
export async function applyPrivileges(run: Run): Promise<void> {
  const applications = (await run(APPLICATIONS, [VERBS])) as { role: string }[];
  if (applications.length === 0) return;
  const tables = (await run(TABLES)) as { name: string; columns: string[] }[];
  // Already quoted where it has to be: regrole writes identifiers.
  const statements = applications.flatMap(({ role }) => [
    `GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
    ...tables.flatMap((table) => grants(table, role)),
  ]);
  // One text is one transaction: no request meets a table between the two.
  await run(statements.join(';\n'));
}

function grants({ name, columns }: { name: string; columns: string[] }, role: string): string[] {
  const { may, fixed = [] } = ACCESS[name] ?? { may: VERBS };
  const changeable = columns.filter((column) => !fixed.includes(column)).map((column) => pg.escapeIdentifier(column));
  const update = fixed.length > 0 ? `UPDATE (${changeable.join(', ')})` : 'UPDATE';
  const verbs = may.map((verb) => (verb === 'UPDATE' ? update : verb));
  const table = pg.escapeIdentifier(name);
  return [`REVOKE ALL ON ${table} FROM ${role}`, `GRANT ${verbs.join(', ')} ON ${table} TO ${role}`];
}

/**
 * What a role, by default the one that asks, may do and should not when it serves requests; empty for one that `db:roles` made.
 * Covers what it owns and what it inherits.
 */
export async function excessOf(run: Run, role?: string): Promise<string[]> {
  const [row] = (await run(
    role ? `${EXCESS} r.rolname = ${pg.escapeLiteral(role)}` : `${EXCESS} r.rolname = current_user`,
  )) as {
    excess: string[];
  }[];
  return row?.excess ?? [];
}

const EXCESS = `SELECT array_remove(ARRAY[
    CASE WHEN r.rolsuper THEN 'is a superuser' END,
    CASE WHEN r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
      THEN 'may create roles or databases, replicate, or pass row security' END,
    CASE WHEN EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) THEN 'is a member of another role' END,
    CASE WHEN pg_has_role(r.oid, d.datdba, 'MEMBER') THEN 'owns the database' END,
    CASE WHEN has_schema_privilege(r.oid, 'public', 'CREATE') OR has_database_privilege(r.oid, d.oid, 'CREATE, TEMPORARY')
      OR EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'public' AND pg_has_role(r.oid, n.nspowner, 'MEMBER'))
      OR EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
      THEN 'may change the schema' END,
    CASE WHEN has_any_column_privilege(r.oid, to_regclass('public.audit_events'), 'UPDATE')
      OR has_table_privilege(r.oid, to_regclass('public.audit_events'), 'DELETE, TRUNCATE')
      THEN 'may change what was audited' END
  ], NULL) AS excess
  FROM pg_roles r, pg_database d WHERE d.datname = current_database() AND`;
