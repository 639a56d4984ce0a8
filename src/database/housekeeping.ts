import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { inTransaction, patiently, tryLock } from './transaction.js';

const INTERVAL_MS = 60_000;
const LOCK = 'housekeeping';
/** Small batches: no lock is held for long, and a stopped process has lost nothing. */
export const BATCH = 500;
/** For one task in a run: behind a backlog the others have their turn too, and the rest of it has the next run. */
const TURN_MS = 20_000;

/** Does a part of a task. True when there may be more to do at once. */
type Step = () => Promise<boolean>;

/**
 * Removes what is over. Features register what they know; every minute each task goes on until nothing is left of it, a batch
 * and a transaction at a time. Of several instances one works at a batch.
 */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Housekeeping.name);
  private readonly tasks = new Map<string, Step>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly dataSource: DataSource) {}

  /** A task that is safe in several instances at once. What throws has its next turn in the next run. */
  register(name: string, step: Step): void {
    this.tasks.set(name, step);
  }

  /**
   * A statement that does at most `$1` rows; of several the next has its turn when less came back of those before. It takes
   * its rows by `FOR UPDATE SKIP LOCKED`: what somebody is changing may not be over any more, and nobody is waited for.
   */
  registerSql(name: string, ...statements: string[]): void {
    this.register(name, async () => {
      for (const sql of statements) if ((await this.batch(sql)) >= BATCH) return true;
      return false;
    });
  }

  /** Rows of a table whose `expires_at`, which has an index, is past. */
  registerExpired(name: string, table: string): void {
    this.registerSql(
      name,
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table}
         WHERE expires_at < now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    );
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** Runs every task. A failing one does not stop the others. */
  run(): Promise<void> {
    this.running ??= this.runAll().finally(() => (this.running = undefined));
    return this.running;
  }

  private async runAll(): Promise<void> {
    for (const [name, step] of this.tasks) {
      const begun = performance.now();
      try {
        while (!this.stopped && (await step()) && performance.now() - begun < TURN_MS);
      } catch (error) {
        this.logger.error(`housekeeping ${name} failed`, error as Error);
      }
    }
  }

  /** How many rows were done: none while another instance is at a batch. The lock is one of the transaction: a pooler may be between. */
  private batch(sql: string): Promise<number> {
    return inTransaction(this.dataSource, async (manager) => {
      if (!(await tryLock(manager, LOCK))) return 0;
      await patiently(manager);
      const done = await manager.queryRunner?.query(sql, [BATCH], true);
      return done?.affected ?? 0;
    });
  }
}
