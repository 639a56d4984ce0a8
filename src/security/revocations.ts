import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { REVOCATION_CHANNEL, RevocationFeed } from './revocation-feed.js';

/**
 * Says that what memory knows of a user, session or key is out of date. One row and one notification in the caller's
 * transaction: every instance forgets it when the transaction commits, or finds the row when it comes back.
 */
@Injectable()
export class Revocations {
  constructor(private readonly feed: RevocationFeed) {}

  /** Records the ids. PostgreSQL delivers the notification at commit and never without it. */
  async record(manager: EntityManager, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await manager.query(
      `WITH revoked AS (INSERT INTO revocations (subject) SELECT unnest($1::uuid[]) RETURNING subject)
       SELECT pg_notify($2, subject::text) FROM revoked`,
      [ids, REVOCATION_CHANNEL],
    );
  }

  /** Forgets at once in this process, after the commit: the answer to a logout must already be true here. */
  applied(ids: readonly string[]): void {
    for (const id of ids) this.feed.apply(id);
  }
}
