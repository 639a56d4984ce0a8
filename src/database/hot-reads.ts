import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { readAllPrepared, readPrepared, type Row, type Statement } from './prepared-read.js';
import { LIVE_CLIENT, LIVE_SESSION } from './standing.js';

/** A credential's standing: who owns it, and everything that decides whether it still counts. Times in milliseconds. */
export interface SessionStanding {
  readonly roles: string[];
  readonly expiresAt: number;
  /** Whether the owner has a second factor. */
  readonly hasSecondFactor: boolean;
}

export interface GrantStanding {
  readonly roles: string[];
  /** What the person has allowed. */
  readonly scopes: string[];
  /** What the client is registered with. */
  readonly registered: string[];
  readonly expiresAt: number;
}

export interface ClientStanding {
  /** What the client is registered with. */
  readonly scopes: string[];
}

export interface KeyStanding {
  readonly id: string;
  readonly ownerId: string;
  readonly scopes: string[];
  readonly allowedCidrs: string[];
  readonly rateLimit: string | null;
  readonly expiresAt: number | null;
  readonly roles: string[];
}

/** A record as text: `content` and `tags` are JSON, times RFC 3339. */
export type RecordText = Readonly<
  Record<'id' | 'name' | 'classification' | 'content' | 'tags' | 'version' | 'createdAt' | 'updatedAt', string>
>;

const time = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const milliseconds = (value: string) => `(extract(epoch FROM ${value}) * 1000)::bigint::text`;
const json = (column: string) => `to_json(${column})::text`;

const SESSION_STANDING = {
  name: 'session-standing',
  text: `SELECT ${json('u.roles')}, ${milliseconds('s.expires_at')},
      (EXISTS (SELECT FROM totp_factors t WHERE t.user_id = u.id AND t.confirmed_at IS NOT NULL)
        OR EXISTS (SELECT FROM passkeys p WHERE p.user_id = u.id))::text
    FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $1 AND s.user_id = $2 AND ${LIVE_SESSION}`,
};

/** A client that may act, and whose owner may, if it has one; and a token of it that was not revoked. */
const clientActs = (token: string) => `${LIVE_CLIENT}
      AND NOT EXISTS (SELECT FROM oauth_ended_tokens e WHERE e.id = ${token})`;

const GRANT_STANDING = {
  name: 'grant-standing',
  text: `SELECT ${json('u.roles')}, ${json('g.scopes')}, ${milliseconds('g.expires_at')}, ${json('c.scopes')}
    FROM oauth_grants g JOIN users u ON u.id = g.user_id JOIN oauth_clients c ON c.id = g.client_id
    WHERE g.id = $1 AND g.user_id = $2 AND g.client_id = $3 AND g.expires_at > now() AND u.status = 'active'
      AND ${clientActs('$4')}`,
};

const CLIENT_STANDING = {
  name: 'client-standing',
  text: `SELECT ${json('c.scopes')} FROM oauth_clients c
    WHERE c.id = $1 AND 'client_credentials' = ANY (c.grant_types) AND ${clientActs('$2')}`,
};

const KEY_STANDING = {
  name: 'key-standing',
  text: `SELECT k.id::text, k.owner_id::text, ${json('k.scopes')}, ${json('k.allowed_cidrs')}, k.rate_limit,
      ${milliseconds('least(k.expires_at, s.expires_at)')}, ${json('u.roles')}
    FROM api_keys k JOIN api_key_secrets s ON s.key_id = k.id JOIN users u ON u.id = k.owner_id
    WHERE k.public_id = $1 AND s.hash = $2 AND u.status = 'active'
      AND (k.expires_at IS NULL OR k.expires_at > now()) AND (s.expires_at IS NULL OR s.expires_at > now())`,
};

const RECORD_TEXT = `r.id::text, r.name, r.classification, r.content::text, ${json('r.tags')}, r.version::text,
  ${time('r.created_at')}, ${time('r.updated_at')}`;

const RECORD = {
  name: 'record',
  text: `SELECT ${RECORD_TEXT} FROM records r
    WHERE r.id = $1 AND r.owner_id = $2 AND r.deleted_at IS NULL AND ($3 OR r.classification <> 'restricted')`,
};

/** With the table: alone, a name means what was selected, and its order is that of text. */
const SORTS = { createdAt: 'r.created_at', updatedAt: 'r.updated_at', name: 'r.name' } as const;

/** Which records of an owner, in which order, from where on. */
export interface RecordRange {
  readonly sort: keyof typeof SORTS;
  readonly descending: boolean;
  readonly deleted: boolean;
  /** The sort member and the id of the last record seen. */
  readonly after: readonly string[] | null;
  readonly limit: number;
}

/** A statement for each order, because a plan is for one index. */
function recordsStatement({ sort, descending, deleted, after }: RecordRange): Statement {
  const [column, direction] = [SORTS[sort], descending ? 'DESC' : 'ASC'];
  const start = after ? `AND (${column}, r.id) ${descending ? '<' : '>'} ($3, $4)` : '';
  return {
    name: `records ${column} ${direction}${deleted ? ' deleted' : ''}${after ? ' after' : ''}`,
    text: `SELECT ${RECORD_TEXT} FROM records r WHERE r.owner_id = $1 AND r.deleted_at IS ${deleted ? 'NOT NULL' : 'NULL'} ${start}
      ORDER BY ${column} ${direction}, r.id ${direction} LIMIT $2`,
  };
}

/**
 * The reads of every request, as named prepared statements: planned once a connection, and without the query builder,
 * which costs more CPU than the query. Writes go through TypeORM. Whose row it is stands in every WHERE.
 */
@Injectable()
export class HotReads {
  private readonly pool: Pool;

  constructor(dataSource: DataSource) {
    // The pool is TypeORM's own: one number of connections to configure and to exhaust.
    this.pool = (dataSource.driver as unknown as { master: Pool }).master;
  }

  /** The owner of a session that has not ended, if the owner is active. */
  async sessionStanding(sessionId: string, userId: string): Promise<SessionStanding | null> {
    const row = await readPrepared(this.pool, SESSION_STANDING, [sessionId, userId]);
    return row && { roles: list(row[0]), expiresAt: Number(row[1]), hasSecondFactor: row[2] === 'true' };
  }

  /** What a person has allowed a client, if both may act and the token was not revoked. */
  async grantStanding(id: string, userId: string, clientId: string, token: string): Promise<GrantStanding | null> {
    const row = await readPrepared(this.pool, GRANT_STANDING, [id, userId, clientId, token]);
    if (!row) return null;
    const [roles, scopes, expiresAt, registered] = row;
    return { roles: list(roles), scopes: list(scopes), expiresAt: Number(expiresAt), registered: list(registered) };
  }

  /** A client that acts for itself, if it may and the token was not revoked. */
  async clientStanding(clientId: string, token: string): Promise<ClientStanding | null> {
    const row = await readPrepared(this.pool, CLIENT_STANDING, [clientId, token]);
    return row && { scopes: list(row[0]) };
  }

  /** The key with this secret, if it and its secret have not expired and its owner is active. */
  async keyStanding(publicId: string, secretHash: Buffer): Promise<KeyStanding | null> {
    const row = await readPrepared(this.pool, KEY_STANDING, [publicId, secretHash]);
    if (!row) return null;
    const [id, ownerId, scopes, allowedCidrs, rateLimit, expiresAt, roles] = row;
    return {
      id: String(id),
      ownerId: String(ownerId),
      scopes: list(scopes),
      allowedCidrs: list(allowedCidrs),
      rateLimit: rateLimit ?? null,
      expiresAt: expiresAt ? Number(expiresAt) : null,
      roles: list(roles),
    };
  }

  /** The owner's live record. `restricted` says whether the caller may see restricted ones. */
  async record(ownerId: string, id: string, restricted: boolean): Promise<RecordText | null> {
    const row = await readPrepared(this.pool, RECORD, [id, ownerId, String(restricted)]);
    return row && recordText(row);
  }

  /** The owner's records of a range, restricted ones too. */
  async records(ownerId: string, range: RecordRange): Promise<RecordText[]> {
    const values = [ownerId, String(range.limit), ...(range.after ?? [])];
    return (await readAllPrepared(this.pool, recordsStatement(range), values)).map(recordText);
  }
}

/** None of these columns may be null. */
function recordText(row: Row): RecordText {
  const [id, name, classification, content, tags, version, createdAt, updatedAt] = row as readonly string[] as Texts;
  return { id, name, classification, content, tags, version, createdAt, updatedAt };
}

type Texts = readonly [string, string, string, string, string, string, string, string];

const list = (column: Row[number] | undefined): string[] => JSON.parse(column ?? '[]') as string[];
