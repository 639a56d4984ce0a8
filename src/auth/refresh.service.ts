import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { inserting } from '../database/insert.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import { hashOfToken, newOpaqueToken } from '../security/opaque-token.js';
import type { Actor } from '../security/principal.js';
import { Revocations } from '../security/revocations.js';
import { AccessTokensService, type TokenResponse } from './access-tokens.service.js';
import type { Session } from './session.entity.js';
import { RefreshToken } from './refresh-token.entity.js';
import { openSuccessor, sealSuccessor } from './refresh-token.js';

/** How long the parent of the live token still yields that token: a lost answer, a second tab. */
const GRACE_SECONDS = 10;

interface Family extends Pick<Session, 'id' | 'userId' | 'acr' | 'createdAt'> {
  roles: string[];
}

interface TokenState {
  used: boolean;
  sealed: Buffer | null;
  graceful: boolean;
  successorUsed: boolean;
}

type Outcome = { family: Family; token: string } | { reused: string } | null;

/**
 * Rotation with reuse detection (RFC 9700 section 4.14.2). All uses of one family queue on the row of its session, in every
 * instance, so that of N parallel uses there is one successor; reuse outside the grace ends the session for everybody.
 */
@Injectable()
export class RefreshService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tokens: AccessTokensService,
    private readonly audit: AuditService,
    private readonly revocations: Revocations,
    private readonly events: SecurityEventsService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** Exchanges a refresh token. Throws 401 `refresh_token_invalid`, which says nothing of the reason. */
  async refresh(actor: Actor, token: string): Promise<TokenResponse> {
    const outcome = await inTransaction(this.dataSource, (manager) => this.use(manager, actor, token));
    if (!outcome) throw new Problem('refresh_token_invalid');
    if ('reused' in outcome) {
      this.revocations.applied([outcome.reused]);
      throw new Problem('refresh_token_invalid');
    }
    return this.tokens.respond(outcome.family, outcome.family.roles, outcome.token);
  }

  private async use(manager: EntityManager, actor: Actor, token: string): Promise<Outcome> {
    const hash = hashOfToken(token);
    const family = await this.lockFamily(manager, hash);
    if (!family) return null;
    // Read after the lock: a parallel use may have changed it while this one waited.
    const state = await this.stateOf(manager, hash);
    if (!state.used) return { family, token: await this.rotate(manager, family, token, hash) };
    if (state.sealed && state.graceful && !state.successorUsed) {
      return { family, token: openSuccessor(token, state.sealed, family.id) };
    }
    await this.endFamily(manager, actor, family);
    return { reused: family.id };
  }

  private async lockFamily(manager: EntityManager, hash: Buffer): Promise<Family | null> {
    const rows = await manager.query<Family[]>(
      `SELECT s.id, s.user_id AS "userId", s.acr, s.created_at AS "createdAt", u.roles FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE s.id = (SELECT session_id FROM refresh_tokens WHERE hash = $1) AND s.ended_at IS NULL
         AND s.idle_expires_at > now() AND s.expires_at > now() AND u.status = 'active' FOR UPDATE OF s`,
      [hash],
    );
    return rows[0] ?? null;
  }

  private async stateOf(manager: EntityManager, hash: Buffer): Promise<TokenState> {
    const [state] = await manager.query<TokenState[]>(
      `SELECT t.used_at IS NOT NULL AS used, t.successor_sealed AS sealed,
         coalesce(t.used_at > clock_timestamp() - make_interval(secs => $2), false) AS graceful,
         coalesce(c.used_at IS NOT NULL, false) AS "successorUsed"
       FROM refresh_tokens t LEFT JOIN refresh_tokens c ON c.parent_hash = t.hash WHERE t.hash = $1`,
      [hash, GRACE_SECONDS],
    );
    if (!state) throw new Error('a refresh token vanished under the lock of its session');
    return state;
  }

  private async rotate(manager: EntityManager, family: Family, token: string, hash: Buffer): Promise<string> {
    const successor = newOpaqueToken();
    await manager.query(
      'UPDATE refresh_tokens SET used_at = clock_timestamp(), successor_sealed = $2 WHERE hash = $1',
      [hash, sealSuccessor(token, successor.token, family.id)],
    );
    await inserting(manager, RefreshToken, {
      hash: successor.hash,
      sessionId: family.id,
      parentHash: hash,
    }).execute();
    await manager.query(
      `UPDATE sessions SET last_used_at = now(), idle_expires_at = least(expires_at, now() + make_interval(secs => $2))
       WHERE id = $1`,
      [family.id, this.config.sessionIdleSeconds],
    );
    return successor.token;
  }

  private async endFamily(manager: EntityManager, actor: Actor, { id, userId }: Family): Promise<void> {
    await manager.query('UPDATE sessions SET ended_at = now() WHERE id = $1', [id]);
    await this.audit.record(manager, actor, 'session.reuse_detected', id, { userId });
    await this.events.record(manager, userId, 'session.reuse_detected');
    await this.revocations.record(manager, [id]);
  }
}
