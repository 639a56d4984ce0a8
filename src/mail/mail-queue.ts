import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Housekeeping } from '../database/housekeeping.js';
import { PersonalData } from '../security/personal-data.js';
import type { Taken } from './outbox.service.js';

/** Longer than one attempt can take: then whoever took it is gone. */
const LEASE_SECONDS = 60;
const SECOND_ATTEMPT_SECONDS = 4;
const LONGEST_PAUSE_SECONDS = 900;
/** So that a mail arrives twice at most, whatever happens. */
const MOST_UNCERTAIN = 2;

const DUE = `sent_at IS NULL AND due_at <= now() AND expires_at > now() AND uncertain < ${MOST_UNCERTAIN}`;

const TAKE = `UPDATE outgoing_mails SET attempts = attempts + 1, uncertain = uncertain + 1,
    due_at = now() + make_interval(secs => ${LEASE_SECONDS})
  WHERE id = (SELECT id FROM outgoing_mails WHERE ${DUE} ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING id, kind, user_id AS "userId", payload, attempts, uncertain`;

/** Mails that wait, shared by all instances: each is taken by one of them, for as long as an attempt may last. */
@Injectable()
export class MailQueue implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly housekeeping: Housekeeping,
    private readonly personalData: PersonalData,
  ) {}

  onModuleInit(): void {
    // What is about the person goes with the row; what is for the address, whoever has it, does not.
    this.personalData.register('mails', {
      erase: async (manager, ownerId) => {
        const own = `DELETE FROM outgoing_mails USING users u WHERE u.id = $1 AND payload ->> 'email' = u.email_key`;
        await manager.query(own, [ownerId]);
      },
    });
    this.housekeeping.registerSql(
      'mails that were sent, or are of no use any more',
      `DELETE FROM outgoing_mails WHERE id = ANY (ARRAY(SELECT id FROM outgoing_mails
         WHERE expires_at < now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    );
  }

  async hasDue(): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(`SELECT 1 FROM outgoing_mails WHERE ${DUE} LIMIT 1`);
    return rows.length > 0;
  }

  /** Takes one, or null. Until something else is said of it, nobody knows whether it was sent. */
  async take(): Promise<Taken | null> {
    const [rows] = await this.dataSource.query<[Taken[]]>(TAKE);
    return rows[0] ?? null;
  }

  /** It was sent, or there was nobody to send it to: what it was made of goes, that it was stays for an hour. */
  async done({ id }: Taken, userId: string | null): Promise<void> {
    await this.dataSource.query(
      `UPDATE outgoing_mails SET sent_at = now(), payload = '{}', expires_at = now() + interval '1 hour',
         user_id = (SELECT id FROM users WHERE id = $2) WHERE id = $1`,
      [id, userId],
    );
  }

  /** The next attempt comes later, the later the more there were. */
  async putBack({ id, attempts }: Taken, uncertain: boolean): Promise<void> {
    const pause =
      Math.min(LONGEST_PAUSE_SECONDS, SECOND_ATTEMPT_SECONDS * 2 ** (attempts - 1)) * (0.75 + Math.random() / 2);
    await this.dataSource.query(
      `UPDATE outgoing_mails SET due_at = now() + make_interval(secs => $2), uncertain = uncertain - $3 WHERE id = $1`,
      [id, pause, uncertain ? 0 : 1],
    );
  }

  async giveUp({ id }: Taken): Promise<void> {
    await this.dataSource.query('DELETE FROM outgoing_mails WHERE id = $1', [id]);
  }

  /** How many of a kind went to a person within the last hour. */
  async sentLately(kind: string, userId: string): Promise<number> {
    const [row] = await this.dataSource.query<{ sent: number }[]>(
      `SELECT count(*)::int AS sent FROM outgoing_mails
       WHERE user_id = $1 AND kind = $2 AND sent_at > now() - interval '1 hour'`,
      [userId, kind],
    );
    return row?.sent ?? 0;
  }
}
