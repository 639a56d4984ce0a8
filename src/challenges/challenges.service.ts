import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Housekeeping } from '../database/housekeeping.js';
import { hashOfToken, newOpaqueToken } from '../security/opaque-token.js';
import type { ChallengePurpose } from './challenge.entity.js';

/** Long enough to find a telephone, short enough that nobody else finds the challenge: seconds. */
const SECONDS = 300;

/** Challenges: random, single-use, five minutes (ASVS 6.6.2, 6.6.3; WebAuthn section 13.4.3), valid on every instance. */
@Injectable()
export class ChallengesService implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly housekeeping: Housekeeping,
  ) {}

  onModuleInit(): void {
    this.housekeeping.registerSql(
      'challenges that are over',
      `DELETE FROM challenges WHERE hash = ANY (ARRAY(SELECT hash FROM challenges
         WHERE expires_at < now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    );
  }

  /** A new one, 43 characters of base64url; of nobody in particular where the answer will say who it is. */
  async issue(
    purpose: ChallengePurpose,
    userId: string | null,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<string> {
    const { token, hash } = newOpaqueToken();
    await manager.query(
      `INSERT INTO challenges (hash, purpose, user_id, expires_at)
       VALUES ($1, $2, $3, now() + make_interval(secs => $4))`,
      [hash, purpose, userId, SECONDS],
    );
    return token;
  }

  /** Whose it is, while it is valid; it stays so. Null for one that is none, over or answered. */
  async find(purpose: ChallengePurpose, token: string): Promise<{ userId: string | null } | null> {
    const [row] = await this.dataSource.query<{ userId: string | null }[]>(
      'SELECT user_id AS "userId" FROM challenges WHERE hash = $1 AND purpose = $2 AND expires_at > now()',
      [hashOfToken(token), purpose],
    );
    return row ?? null;
  }

  /** Takes it away; of parallel answers one wins. Null for one that is none, over or answered. */
  async take(
    purpose: ChallengePurpose,
    token: string,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<{ userId: string | null } | null> {
    const [rows] = await manager.query<[{ userId: string | null }[]]>(
      'DELETE FROM challenges WHERE hash = $1 AND purpose = $2 AND expires_at > now() RETURNING user_id AS "userId"',
      [hashOfToken(token), purpose],
    );
    return rows[0] ?? null;
  }

  /** Ends every challenge of a person: what led to them does not hold any more. */
  async endAllOf(manager: EntityManager, userId: string): Promise<void> {
    await manager.query('DELETE FROM challenges WHERE user_id = $1', [userId]);
  }
}
