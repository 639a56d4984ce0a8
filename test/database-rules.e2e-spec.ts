import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientRules } from './support/client-rules.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { nth } from './support/fill.js';
import { freshOAuthRows, oauthRows, oauthRules } from './support/oauth-rows.js';
import { freshSignInRows, signInRows, signInRules } from './support/sign-in-rows.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db.drop());

type Row = Readonly<Record<string, unknown>>;

const hash = (byte: number): Buffer => Buffer.alloc(32, byte);
const later = new Date(Date.now() + 60_000);

/** A row of each table, in the order in which they can be inserted: each rule is broken by what is different from it. */
const valid: Readonly<Record<string, Row>> = {
  users: {
    id: nth(1),
    email: 'A@b.cd',
    email_key: 'a@b.cd',
    username: 'Ab',
    username_key: 'ab',
    roles: ['user'],
    status: 'active',
  },
  // Of nobody here: that of the person is made with them.
  subjects: { id: nth(20) },
  passwords: { user_id: nth(1), hash: '$argon2id$' },
  invitations: { token_hash: hash(1), user_id: nth(1), expires_at: later },
  outgoing_mails: { id: nth(6), kind: 'k', user_id: nth(1), payload: '{}', uncertain: 0, expires_at: later },
  email_tokens: {
    hash: hash(6),
    mail_id: nth(6),
    user_id: nth(1),
    purpose: 'verify_email',
    email: 'a@b.cd',
    expires_at: later,
  },
  attempts: { key: hash(9), count: 1, counted_at: later, retry_at: later },
  challenges: { hash: hash(8), purpose: 'p', user_id: nth(1), expires_at: later },
  totp_factors: { user_id: nth(1), sealed_secret: hash(7) },
  recovery_codes: { hash: hash(9), user_id: nth(1) },
  ...signInRows,
  security_events: { id: nth(7), user_id: nth(1), kind: 'k' },
  sessions: { id: nth(2), user_id: nth(1), client_id: 'c', network: 'n', idle_expires_at: later, expires_at: later },
  refresh_tokens: { hash: hash(2), session_id: nth(2), parent_hash: hash(1), used_at: null },
  signing_keys: { kid: 'k', algorithm: 'ES256', public_jwk: '{}', sealed_private: hash(3), active_from: later },
  api_keys: { id: nth(3), public_id: 'p', owner_id: nth(1), name: 'n', scopes: ['data:read'] },
  api_key_secrets: { hash: hash(4), key_id: nth(3) },
  oauth_clients: {
    id: nth(9),
    owner_id: nth(1),
    name: 'n',
    application_type: 'web',
    auth_method: 'client_secret_basic',
    redirect_uris: ['https://a.example/'],
    grant_types: ['authorization_code'],
    scopes: ['openid'],
  },
  oauth_client_secrets: { hash: hash(10), client_id: nth(9) },
  ...oauthRows,
  records: { id: nth(4), owner_id: nth(1), name: 'n', classification: 'public', content: '1', tags: ['t'], version: 1 },
  idempotency_keys: {
    subject: nth(1),
    route: 'r',
    key: 'k',
    body_hash: hash(5),
    status: 201,
    headers: '{}',
    body: '1',
    expires_at: later,
  },
  audit_events: { id: nth(5), actor_kind: 'user', action: 'a' },
};

/** The name of the constraint that refuses the row, or what else went wrong; null when it was stored. */
async function refusal(table: string, changes: Row): Promise<string | null> {
  const row = { ...valid[table], ...changes };
  const columns = Object.keys(row);
  const places = columns.map((_, i) => `$${i + 1}`).join(', ');
  try {
    await db.query(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`, Object.values(row));
    return null;
  } catch (error) {
    const { constraint, column, message } = error as { constraint?: string; column?: string; message: string };
    return constraint ?? (column === undefined ? message : `${column} missing`);
  }
}

/** Everything that identifies a row, made new: what is refused then is refused for what was changed. */
const fresh: Readonly<Record<string, Row>> = {
  users: { id: nth(11), email: 'x@b.cd', email_key: 'x@b.cd', username: null, username_key: null },
  subjects: { id: nth(21) },
  passwords: {},
  invitations: { token_hash: hash(11) },
  outgoing_mails: { id: nth(16) },
  security_events: { id: nth(17) },
  email_tokens: { hash: hash(16) },
  attempts: { key: hash(19) },
  challenges: { hash: hash(18) },
  totp_factors: {},
  recovery_codes: { hash: hash(19) },
  ...freshSignInRows,
  sessions: { id: nth(12) },
  refresh_tokens: { hash: hash(12), parent_hash: null, used_at: later },
  signing_keys: { kid: 'l' },
  api_keys: { id: nth(13), public_id: 'q' },
  api_key_secrets: { hash: hash(14) },
  oauth_clients: { id: nth(19) },
  oauth_client_secrets: { hash: hash(20) },
  ...freshOAuthRows,
  records: { id: nth(14) },
  idempotency_keys: { key: 'l' },
  audit_events: { id: nth(15) },
};

const NOBODY = nth(99);
const REMAINS = 'users_subject';
/** The same of clients. */
const REMAIN_TOO = 'oauth_clients_subject';

const rules: readonly [rule: string, table: string, changes: Row, constraint: string][] = [
  ['one account an address, however it is written', 'users', { email_key: 'a@b.cd' }, 'users_email_key'],
  ['one account a username', 'users', { username: 'AB', username_key: 'ab' }, 'users_username_key'],
  ['a username has the form it is compared in', 'users', { username: 'cd' }, 'users_username'],
  ['no such form without a username', 'users', { username_key: 'cd' }, 'users_username'],
  ['known roles', 'users', { roles: ['user', 'root'] }, 'users_roles'],
  ['a role at least', 'users', { roles: [] }, 'users_roles'],
  ['a known status', 'users', { status: 'deleted' }, 'users_status'],
  ['one owner an id', 'users', { id: nth(20) }, 'subjects_pkey'],
  ['one password a person', 'passwords', {}, 'passwords_pkey'],
  ['a password is somebody’s', 'passwords', { user_id: NOBODY }, 'passwords_user'],
  ['an invitation is somebody’s', 'invitations', { user_id: NOBODY }, 'invitations_user'],
  ['an invitation is known by its hash', 'invitations', { token_hash: Buffer.from('token') }, 'invitations_hash'],
  ['a mail about somebody is about somebody who exists', 'outgoing_mails', { user_id: NOBODY }, 'outgoing_mails_user'],
  ['a mail is sent twice at most', 'outgoing_mails', { uncertain: 3 }, 'outgoing_mails_uncertain'],
  ['a link in a mail is somebody’s', 'email_tokens', { user_id: NOBODY }, 'email_tokens_user'],
  ['a link in a mail is known by its hash', 'email_tokens', { hash: Buffer.from('token') }, 'email_tokens_hash'],
  ['a link in a mail is for one known thing', 'email_tokens', { purpose: 'all' }, 'email_tokens_purpose'],
  ['a guess is counted by a hash', 'attempts', { key: Buffer.from('name') }, 'attempts_key'],
  ['guesses are not fewer than none', 'attempts', { count: -1 }, 'attempts_count'],
  ['a challenge is somebody’s, or nobody’s', 'challenges', { user_id: NOBODY }, 'challenges_user'],
  ['a challenge is known by its hash', 'challenges', { hash: Buffer.from('token') }, 'challenges_hash'],
  ...signInRules,
  ['an event of an account is of one that exists', 'security_events', { user_id: NOBODY }, 'security_events_user'],
  ['one secret for one-time passwords a person', 'totp_factors', {}, 'totp_factors_pkey'],
  ['a secret for one-time passwords is somebody’s', 'totp_factors', { user_id: NOBODY }, 'totp_factors_user'],
  ['a recovery code is somebody’s', 'recovery_codes', { user_id: NOBODY }, 'recovery_codes_user'],
  ['a recovery code is known by its hash', 'recovery_codes', { hash: Buffer.from('code') }, 'recovery_codes_hash'],
  ['a session says how strong its login was', 'sessions', { acr: 'aal9' }, 'sessions_acr'],
  ['a session is somebody’s', 'sessions', { user_id: NOBODY }, 'sessions_user'],
  ['a session ends', 'sessions', { expires_at: null }, 'expires_at missing'],
  ['a session ends when it is not used', 'sessions', { idle_expires_at: null }, 'idle_expires_at missing'],
  ['a refresh token belongs to a session', 'refresh_tokens', { session_id: NOBODY }, 'refresh_tokens_session'],
  ['one successor a refresh token', 'refresh_tokens', { parent_hash: hash(1) }, 'refresh_tokens_one_successor'],
  ['one live refresh token a session', 'refresh_tokens', { used_at: null }, 'refresh_tokens_one_live'],
  ['a refresh token is known by its hash', 'refresh_tokens', { hash: Buffer.from('token') }, 'refresh_tokens_hash'],
  ['a parent is known by its hash', 'refresh_tokens', { parent_hash: Buffer.from('token') }, 'refresh_tokens_hash'],
  ['tokens are signed with ES256 or RS256', 'signing_keys', { algorithm: 'HS256' }, 'signing_keys_algorithm'],
  ['a private key is sealed', 'signing_keys', { sealed_private: null }, 'sealed_private missing'],
  ['one key an id', 'api_keys', { public_id: 'p' }, 'api_keys_public_id'],
  ['a key is somebody’s', 'api_keys', { owner_id: NOBODY }, 'api_keys_owner'],
  ['a key has a scope', 'api_keys', { scopes: [] }, 'api_keys_scopes'],
  ['a key has a name', 'api_keys', { name: '' }, 'api_keys_name'],
  ['a name of a key ends', 'api_keys', { name: 'n'.repeat(101) }, 'api_keys_name'],
  ['a secret belongs to a key', 'api_key_secrets', { key_id: NOBODY }, 'api_key_secrets_key'],
  ['a secret is known by its hash', 'api_key_secrets', { hash: Buffer.from('secret') }, 'api_key_secrets_hash'],
  ...clientRules,
  ...oauthRules,
  ['a record is somebody’s', 'records', { owner_id: NOBODY }, 'records_owner'],
  ['a record has an owner', 'records', { owner_id: null }, 'owner_id missing'],
  ['a known classification', 'records', { classification: 'secret' }, 'records_classification'],
  ['a record has a name', 'records', { name: '' }, 'records_name'],
  ['a name of 200 characters', 'records', { name: 'ä'.repeat(201) }, 'records_name'],
  ['20 tags', 'records', { tags: Array.from({ length: 21 }, String) }, 'records_tags'],
  ['no empty tag', 'records', { tags: ['a', ''] }, 'records_tags'],
  ['no tag that is null', 'records', { tags: ['a', null] }, 'records_tags'],
  ['versions count from 1', 'records', { version: 0 }, 'records_version'],
  ['content, if only null', 'records', { content: null }, 'content missing'],
  ['a kept answer is somebody’s', 'idempotency_keys', { subject: NOBODY }, 'idempotency_keys_subject'],
  ['one answer an idempotency key', 'idempotency_keys', { key: 'k' }, 'idempotency_keys_pkey'],
];

describe('the database itself', () => {
  it('takes a valid row of each table', async () => {
    const tables = await db.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('migrations', 'revocations')`,
    );
    expect(Object.keys(valid).toSorted()).toEqual(tables.map(({ name }) => name).toSorted());
    for (const table of Object.keys(valid)) expect([table, await refusal(table, {})]).toEqual([table, null]);
  });

  it.each(rules)('keeps the rule: %s', async (_, table, changes, constraint) => {
    expect(await refusal(table, { ...fresh[table], ...changes })).toBe(constraint);
  });

  it('keeps the subject of whoever is there', async () => {
    const removed = db.query('DELETE FROM subjects WHERE id = $1', [nth(1)]);
    await expect(removed).rejects.toMatchObject({ constraint: REMAINS });
    const client = db.query('DELETE FROM subjects WHERE id = $1', [nth(9)]);
    await expect(client).rejects.toMatchObject({ constraint: REMAIN_TOO });
  });

  it('has each of its constraints shown by one of these rules', async () => {
    const constraints = await db.query<{ name: string }>(
      `SELECT conname AS name FROM pg_constraint WHERE connamespace = 'public'::regnamespace
       AND contype IN ('c', 'f', 'u', 'x') AND conrelid <> 'migrations'::regclass`,
    );
    const shown = new Set([REMAINS, REMAIN_TOO, ...rules.map(([, , , constraint]) => constraint)]);
    expect(constraints.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });

  // Otherwise a row that goes reads the whole of each table that could refer to it. An index of some rows does not help.
  it('has an index for each reference', async () => {
    const bare = await db.query<{ name: string }>(
      `SELECT c.conname AS name FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL)`,
    );
    expect(bare).toEqual([]);
  });

  it('forgets everything of a person who goes, but what was audited', async () => {
    await db.query('DELETE FROM users WHERE id = $1', [nth(1)]);
    const kept = new Set(['attempts', 'audit_events', 'oauth_ended_tokens', 'signing_keys', 'subjects', 'used_proofs']);
    for (const table of Object.keys(valid)) {
      expect([table, await db.query(`SELECT 1 FROM ${table}`)]).toEqual([
        table,
        kept.has(table) ? [{ '?column?': 1 }] : [],
      ]);
    }
  });
});
