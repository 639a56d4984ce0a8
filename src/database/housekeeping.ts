import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';

const INTERVAL_MS = 60_000;
const LOCK = 'housekeeping';
/** Small batches: no lock is held for long, and a stopped process has lost nothing. */
export const BATCH = 500;

/** Removes what is over. Features register what they know; one instance at a time works, every minute. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Housekeeping.name);
  private readonly tasks = new Map<string, () => Promise<unknown>>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly dataSource: DataSource) {}

  register(name: string, task: () => Promise<unknown>): void {
    this.tasks.set(name, task);
  }

  /** Registers a statement with `LIMIT ${BATCH}` semantics: `$1` is the size of a batch. */
  registerSql(name: string, sql: string): void {
    this.register(name, () => this.dataSource.query(sql, [BATCH]));
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Runs every task once, unless another instance is at it. A failing task does not stop the others. */
  run(): Promise<void> {
    this.running ??= this.runAll().finally(() => (this.running = undefined));
    return this.running;
  }

  private async runAll(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const [row] = (await runner.query('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held', [LOCK])) as [
        { held: boolean },
      ];
      if (!row.held) return;
      for (const [name, task] of this.tasks) {
        await task().catch((error: unknown) => this.logger.error(`housekeeping ${name} failed`, error as Error));
      }
      await runner.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [LOCK]);
    } catch (error) {
      this.logger.warn(`housekeeping did not run: ${(error as { code?: string }).code ?? 'no code'}`);
    } finally {
      await runner.release();
    }
  }
}
