import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { NIL } from 'uuid';
import { hashOfToken, newOpaqueToken } from '../security/opaque-token.js';
import { LIVE_CLIENT } from '../database/standing.js';
import { isUuid } from '../security/uuid.js';
import { OAuthClientSecret } from './oauth-client-secret.entity.js';

const MATCHING = `SELECT 1 FROM oauth_client_secrets s JOIN oauth_clients c ON c.id = s.client_id
  WHERE s.hash = $1 AND c.id = $2 AND (s.expires_at IS NULL OR s.expires_at > now()) AND ${LIVE_CLIENT}`;

/** Secrets of clients: shown once, known by their hash from then on. */
@Injectable()
export class ClientSecretsService {
  constructor(private readonly dataSource: DataSource) {}

  /** A secret more, within the caller's transaction: a new one unless it was made already. */
  async add(manager: EntityManager, clientId: string, token = newOpaqueToken().token): Promise<string> {
    await manager.insert(OAuthClientSecret, { hash: hashOfToken(token), clientId, expiresAt: null });
    return token;
  }

  /** A new secret; the one before lives for the overlap (seconds). The caller has locked the client. */
  async replace(manager: EntityManager, clientId: string, overlapSeconds: number): Promise<string> {
    // Older secrets end with the first replacement after theirs: two live at most.
    await manager.query(
      'DELETE FROM oauth_client_secrets WHERE client_id = $1 AND (expires_at IS NOT NULL OR $2 = 0)',
      [clientId, overlapSeconds],
    );
    await manager.query(
      'UPDATE oauth_client_secrets SET expires_at = now() + make_interval(secs => $2) WHERE client_id = $1',
      [clientId, overlapSeconds],
    );
    return this.add(manager, clientId);
  }

  /** Whether it is a secret of this client now. The same work for one that is, one that was, and a client that never existed. */
  async matches(clientId: string, secret: string): Promise<boolean> {
    const values = [hashOfToken(secret), isUuid(clientId) ? clientId : NIL];
    return (await this.dataSource.query<unknown[]>(MATCHING, values)).length > 0;
  }
}
