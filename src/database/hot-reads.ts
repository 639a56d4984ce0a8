import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';

/** A credential's standing: who owns it, and everything that decides whether it still counts. */
export interface SessionStanding {
  roles: string[];
  expiresAt: Date;
}

export interface KeyStanding {
  id: string;
  ownerId: string;
  scopes: string[];
  allowedCidrs: string[];
  rateLimit: string | null;
  expiresAt: Date | null;
  roles: string[];
}

export interface RecordRow {
  id: string;
  name: string;
  classification: string;
  content: unknown;
  tags: string[];
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/**
 * The reads of every request, as named prepared statements: planned once a connection, and without the query builder,
 * which costs more CPU than the query. Writes go through TypeORM. Whose row it is stands in every WHERE.
 */
@Injectable()
export class HotReads {
  constructor(private readonly dataSource: DataSource) {}

  /** The owner of a session that has not ended, if the owner is active. */
  sessionStanding(sessionId: string, userId: string): Promise<SessionStanding | null> {
    return this.one<SessionStanding>(
      'session-standing',
      `SELECT u.roles, s.expires_at AS "expiresAt" FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now() AND u.status = 'active'`,
      [sessionId, userId],
    );
  }

  /** The key with this secret, if it and its secret have not expired and its owner is active. */
  keyStanding(publicId: string, secretHash: Buffer): Promise<KeyStanding | null> {
    return this.one<KeyStanding>(
      'key-standing',
      `SELECT k.id, k.owner_id AS "ownerId", k.scopes, k.allowed_cidrs AS "allowedCidrs", k.rate_limit AS "rateLimit",
         least(k.expires_at, s.expires_at) AS "expiresAt", u.roles
       FROM api_keys k JOIN api_key_secrets s ON s.key_id = k.id JOIN users u ON u.id = k.owner_id
       WHERE k.public_id = $1 AND s.hash = $2 AND u.status = 'active'
         AND (k.expires_at IS NULL OR k.expires_at > now()) AND (s.expires_at IS NULL OR s.expires_at > now())`,
      [publicId, secretHash],
    );
  }

  /** The owner's live record. `restricted` says whether the caller may see restricted ones. */
  record(ownerId: string, id: string, restricted: boolean): Promise<RecordRow | null> {
    return this.one<RecordRow>(
      'record',
      `SELECT id, name, classification, content, tags, version, created_at AS "createdAt", updated_at AS "updatedAt"
       FROM records WHERE id = $1 AND owner_id = $2 AND deleted_at IS NULL AND ($3 OR classification <> 'restricted')`,
      [id, ownerId, restricted],
    );
  }

  private async one<T extends object>(name: string, text: string, values: unknown[]): Promise<T | null> {
    // The pool is TypeORM's own: one number of connections to configure and to exhaust.
    const { master } = this.dataSource.driver as unknown as { master: Pool };
    const { rows } = await master.query<T>({ name, text, values });
    return rows[0] ?? null;
  }
}
