import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CredentialUse } from '../security/credential-use.js';

const FLUSH_MS = 10_000;

/** Writes when keys were last used, a batch at a time: no request waits for it, and none is refused because of it. */
@Injectable()
export class KeyUsage implements OnModuleInit, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly use: CredentialUse,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush().catch(() => undefined), FLUSH_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush().catch(() => undefined);
  }

  /** Writes what is waiting. What cannot be written now waits for the next time. */
  async flush(): Promise<void> {
    const used = this.use.take();
    if (used.size === 0) return;
    try {
      await this.dataSource.query(
        `UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, u.at)
         FROM unnest($1::uuid[], $2::timestamptz[]) AS u (id, at) WHERE k.id = u.id`,
        [[...used.keys()], [...used.values()].map((at) => new Date(at))],
      );
    } catch (error) {
      this.use.giveBack(used);
      throw error;
    }
  }
}
