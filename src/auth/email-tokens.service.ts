import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Housekeeping } from '../database/housekeeping.js';
import { inTransaction } from '../database/transaction.js';
import { Outbox } from '../mail/outbox.service.js';
import { hashOfToken } from '../security/opaque-token.js';
import type { EmailTokenPurpose } from './email-token.entity.js';

interface Wanted {
  readonly mailId: string;
  readonly userId: string;
  readonly purpose: EmailTokenPurpose;
  readonly email: string;
  /** From the moment on at which it is sent. */
  readonly seconds: number;
}

const KEEP = `INSERT INTO email_tokens (hash, mail_id, user_id, purpose, email, expires_at)
  VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
  ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at WHERE email_tokens.used_at IS NULL`;

/** Single-use links in mails (ASVS 6.4.3, 6.5.4): of each kind a person has one that is valid, the one of the latest mail. */
@Injectable()
export class EmailTokensService implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: Outbox,
    private readonly housekeeping: Housekeeping,
  ) {}

  onModuleInit(): void {
    this.housekeeping.registerSql(
      'links in mails that are over',
      `DELETE FROM email_tokens WHERE hash = ANY (ARRAY(SELECT hash FROM email_tokens
         WHERE expires_at < now() - interval '1 day' ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    );
  }

  /** The token of a mail that is being written; null when a later mail has one. Written again it is the same, and used up stays used up. */
  async issue({ mailId, userId, purpose, email, seconds }: Wanted): Promise<string | null> {
    const token = this.outbox.tokenOf(mailId);
    const latest = await inTransaction(this.dataSource, async (manager) => {
      // Two mails to one person at once meet here one after the other.
      await manager.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [userId]);
      const later = `SELECT 1 FROM email_tokens WHERE user_id = $1 AND purpose = $2 AND mail_id > $3 LIMIT 1`;
      if ((await manager.query<unknown[]>(later, [userId, purpose, mailId])).length > 0) return false;
      await this.endAll(manager, userId, purpose, mailId);
      await manager.query(KEEP, [hashOfToken(token), mailId, userId, purpose, email, seconds]);
      return true;
    });
    return latest ? token : null;
  }

  /** Whose token it is, while it is valid; it stays so. */
  async ownerOf(purpose: EmailTokenPurpose, token: string): Promise<string | null> {
    const [row] = await this.dataSource.query<{ userId: string }[]>(
      `SELECT user_id AS "userId" FROM email_tokens
       WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()`,
      [hashOfToken(token), purpose],
    );
    return row?.userId ?? null;
  }

  /** Uses a token up; of parallel uses one wins. Null for one that is none, over or used. */
  async redeem(manager: EntityManager, purposes: readonly EmailTokenPurpose[], token: string) {
    const [rows] = await manager.query<[{ userId: string; email: string; purpose: EmailTokenPurpose }[]]>(
      `UPDATE email_tokens SET used_at = now()
       WHERE hash = $1 AND purpose = ANY ($2) AND used_at IS NULL AND expires_at > now()
       RETURNING user_id AS "userId", email, purpose`,
      [hashOfToken(token), purposes],
    );
    return rows[0] ?? null;
  }

  /**
   * Ends every link of a person, and those whose mail has not left: whoever had the old password, or reads the old address, may have asked
   * for one, and would come back by it.
   */
  async endAllOf(manager: EntityManager, userId: string): Promise<void> {
    await manager.query('UPDATE email_tokens SET used_at = now() WHERE user_id = $1 AND used_at IS NULL', [userId]);
    await this.outbox.withdraw(manager, userId, 'change_email');
  }

  private async endAll(manager: EntityManager, userId: string, purpose: EmailTokenPurpose, but: string): Promise<void> {
    await manager.query(
      'UPDATE email_tokens SET used_at = now() WHERE user_id = $1 AND purpose = $2 AND mail_id <> $3 AND used_at IS NULL',
      [userId, purpose, but],
    );
  }
}
