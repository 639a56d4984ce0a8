import { createHmac } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { Housekeeping } from '../database/housekeeping.js';
import { Problem } from '../errors/problem.js';
import { deriveKey } from '../security/sealing.js';
import { Turns } from './turns.js';

/** Wrong ones that cost no delay: everybody mistypes. */
const FREE = 2;

/** The clock, not the begin of the statement, which may have waited for the row. As it is stored: rounded up it would lie ahead. */
const NOW = `date_trunc('milliseconds', clock_timestamp())`;

/**
 * $1 the key, $2 the most, $3 seconds of the window. What leaks is reckoned from the last wrong one, and the full count waits
 * for a whole window: so none has more than $2.
 */
const RESERVE = `
  INSERT INTO attempts AS a (key, count, counted_at, retry_at)
  VALUES ($1, 1, ${NOW}, ${NOW} + make_interval(secs => CASE WHEN $2::int = 1 THEN $3::int ELSE 0 END))
  ON CONFLICT (key) DO UPDATE SET (count, counted_at, retry_at) = (
    SELECT n, CASE WHEN leaked >= a.count THEN at ELSE a.counted_at + leaked * make_interval(secs => $3) END,
      CASE WHEN n = $2 THEN at + make_interval(secs => $3) ELSE a.retry_at END
    FROM (SELECT ${NOW} AS at) AS clock, LATERAL (
      SELECT floor(extract(epoch FROM greatest(at - a.counted_at, '0')) / $3) ::float8 AS leaked
    ) AS leaking, LATERAL (SELECT least($2, greatest(a.count - leaked, 0) + 1) AS n) AS counted
  ) WHERE a.retry_at <= ${NOW}
  RETURNING count`;

const SECONDS_LEFT = `SELECT greatest(1, ceil(extract(epoch FROM retry_at - ${NOW})))::int AS seconds
  FROM attempts WHERE key = $1`;

/** Eight times as long for each one more, a window for the last. The exponent has a bound: PostgreSQL refuses to underflow. */
const WRONG = `UPDATE attempts SET counted_at = ${NOW}, retry_at = CASE WHEN count > ${FREE} THEN greatest(retry_at,
    ${NOW} + make_interval(secs => greatest(1, floor($3 * power(8, greatest(count - $2::int, -20)))))) ELSE retry_at END
  WHERE key = $1`;

/** Only the wait that the full count meant goes with it, not that for a wrong one beside it. */
const GIVE_BACK = `UPDATE attempts SET count = greatest(count - 1, 0),
    retry_at = CASE WHEN count = $2 THEN least(retry_at, ${NOW}) ELSE retry_at END
  WHERE key = $1`;

/**
 * Counts guesses at a secret, over all instances and parallel requests (ASVS 6.3.1, NIST SP 800-63B-4 section 3.2.2). At most
 * `most` wrong ones are compared in any AUTH_ATTEMPTS_SECONDS; the wait between them grows, and one leaks in each: nobody is
 * locked out for ever.
 */
@Injectable()
export class AttemptsService implements OnModuleInit {
  private readonly secret: Buffer;
  private readonly turns = new Turns();

  constructor(
    private readonly dataSource: DataSource,
    private readonly housekeeping: Housekeeping,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {
    this.secret = deriveKey(config.secretKey, 'attempts');
  }

  onModuleInit(): void {
    const { most, seconds } = this.config.attempts;
    this.housekeeping.registerSql(
      'attempts that count no more',
      `DELETE FROM attempts WHERE key = ANY (ARRAY(SELECT key FROM attempts
         WHERE counted_at < now() - interval '${most * seconds} seconds'
         ORDER BY counted_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    );
  }

  /**
   * Does the work, which says whether the secret was right, and answers the same. It counts from before the work begins, and
   * does not where it was right or threw; what others did wrong stays counted. Throws 429 `rate_limited` with no work done.
   * The name says which secret of whom: `<feature>:<id>`. `most` is 1 to 1000 and the same for one name.
   */
  guard(name: string, most: number, work: () => Promise<boolean>): Promise<boolean> {
    const key = this.keyOf(name);
    // In turn, so that a person who logs in from many places at once is not told to wait for those of them that are still being compared.
    return this.turns.take(key.toString('base64'), most, () => this.attempt(key, most, work));
  }

  /**
   * The same for a secret of a person, AUTH_ATTEMPTS in all: half of them is for devices on which the person was signed in before, so
   * that whoever guesses elsewhere does not shut them out.
   */
  guardOf(name: string, known: boolean, work: () => Promise<boolean>): Promise<boolean> {
    const { most } = this.config.attempts;
    const strangers = Math.floor(most / 2);
    return this.guard(halfOf(name, known), known ? most - strangers : strangers, work);
  }

  /** Counts both halves from zero again, within the caller's transaction: for who proved otherwise that the secret is theirs. */
  async clear(manager: EntityManager, name: string): Promise<void> {
    const keys = [true, false].map((known) => this.keyOf(halfOf(name, known)));
    await manager.query('DELETE FROM attempts WHERE key = ANY ($1)', [keys]);
  }

  private async attempt(key: Buffer, most: number, work: () => Promise<boolean>): Promise<boolean> {
    await this.reserve(key, most);
    let right: boolean;
    try {
      right = await work();
    } catch (error) {
      // Where the database is what failed, it stays counted: it leaks.
      await this.giveBack(key, most).catch(() => undefined);
      throw error;
    }
    if (right) await this.giveBack(key, most);
    else await this.dataSource.query(WRONG, [key, most, this.config.attempts.seconds]);
    return right;
  }

  private async reserve(key: Buffer, most: number): Promise<void> {
    const values = [key, most, this.config.attempts.seconds];
    const [reserved] = await this.dataSource.query<unknown[]>(RESERVE, values);
    if (reserved) return;
    const [left] = await this.dataSource.query<{ seconds: number }[]>(SECONDS_LEFT, [key]);
    throw new Problem('rate_limited', { retryAfter: left?.seconds ?? 1 });
  }

  private async giveBack(key: Buffer, most: number): Promise<void> {
    await this.dataSource.query(GIVE_BACK, [key, most]);
  }

  private keyOf(name: string): Buffer {
    return createHmac('sha256', this.secret).update(name).digest();
  }
}

const halfOf = (name: string, known: boolean): string => `${name} ${known ? 'known' : 'strangers'}`;
