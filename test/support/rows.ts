import { randomBytes, randomUUID } from 'node:crypto';
import type { Reached } from './app.js';

type Database = Reached['db'];

export async function aUser(db: Database): Promise<string> {
  const id = randomUUID();
  const email = `${id}@example.com`;
  await db.query(`INSERT INTO users (id, email, email_key, roles, status) VALUES ($1, $2, $2, '{user}', 'active')`, [
    id,
    email,
  ]);
  return id;
}

export async function anEmailToken(db: Database, purpose = 'verify_email'): Promise<string> {
  const userId = await aUser(db);
  // Who has a password to reset has confirmed the address before.
  if (purpose === 'reset_password')
    await db.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [userId]);
  return anEmailTokenOf(db, userId, purpose);
}

/** What a mail to somebody who is there would hold. */
export async function anEmailTokenOf(db: Database, userId: string, purpose: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await db.query(
    `INSERT INTO email_tokens (hash, mail_id, user_id, purpose, email, expires_at)
     SELECT sha256(convert_to($1, 'UTF8')), gen_random_uuid(), id, $3, email, now() + interval '1 hour'
     FROM users WHERE id = $2`,
    [token, userId, purpose],
  );
  return token;
}

export async function aSession(db: Database, userId: string): Promise<string> {
  const id = randomUUID();
  await db.query(
    `INSERT INTO sessions (id, user_id, client_id, network, idle_expires_at, expires_at)
     VALUES ($1, $2, 'first-party', '192.0.2.0/24', now() + interval '1 day', now() + interval '1 day')`,
    [id, userId],
  );
  return id;
}

export async function aStoredKey(db: Database, ownerId: string): Promise<string> {
  const id = randomUUID();
  const publicId = id.replaceAll('-', '').slice(0, 12);
  await db.query(
    `INSERT INTO api_keys (id, public_id, owner_id, name, scopes) VALUES ($1, $2, $3, 'stored', '{data:read}')`,
    [id, publicId, ownerId],
  );
  return id;
}

export async function aStoredClient(db: Database, ownerId: string): Promise<string> {
  const id = randomUUID();
  await db.query(
    `INSERT INTO oauth_clients (id, owner_id, name, application_type, auth_method, redirect_uris, grant_types, scopes)
     VALUES ($1, $2, 'stored', 'web', 'client_secret_basic', '{https://app.example.com/}', '{authorization_code}', '{data:read}')`,
    [id, ownerId],
  );
  return id;
}

export async function aStoredRecord(db: Database, ownerId: string, deletedAt: Date | null = null): Promise<string> {
  const id = randomUUID();
  await db.query(
    `INSERT INTO records (id, owner_id, name, classification, content, deleted_at) VALUES ($1, $2, 'stored', 'internal', '{}', $3)`,
    [id, ownerId, deletedAt],
  );
  return id;
}

/** What this person has let a client do, whose row is made with it. */
export async function aGrant(db: Database, userId: string): Promise<string> {
  const [clientId, id] = [randomUUID(), randomUUID()];
  await db.query(
    `INSERT INTO oauth_clients (id, name, application_type, auth_method, redirect_uris, grant_types, scopes)
     VALUES ($1, 'An application', 'native', 'none', '{http://127.0.0.1/}', '{authorization_code}', '{data:read}')`,
    [clientId],
  );
  const payload = { accountId: userId, clientId, kind: 'Grant', jti: id };
  await db.query(
    `INSERT INTO oauth_grants (id, user_id, client_id, scopes, payload, expires_at)
     VALUES ($1, $2, $3, '{data:read}', $4, now() + interval '1 day')`,
    [id, userId, clientId, payload],
  );
  return id;
}
