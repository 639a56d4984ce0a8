import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CounterStorage, type Outcome, type Window } from './counter-storage.js';
import { MemoryCounterStorage } from './memory-counter-storage.js';
import { COUNT_SCRIPT, COUNT_SCRIPT_SHA, readOutcome, scriptArguments } from './redis-counter-script.js';
import type { RedisLink } from './redis-link.js';

/**
 * Counters that all instances share: one script, one round trip a step. While Redis does not answer this process counts
 * alone, in bounded memory; no request waits longer than the link takes to notice, and none fails because of it.
 */
export class RedisCounterStorage extends CounterStorage implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(RedisCounterStorage.name);
  private readonly alone = new MemoryCounterStorage();

  constructor(private readonly link: RedisLink) {
    super();
    link.onChange((up) => this.tell(up));
  }

  get standing() {
    return { store: 'redis', counting: this.link.isUp() ? 'redis' : 'memory' } as const;
  }

  /** Does not fail without Redis: the process begins alone, and goes over by itself. */
  async onModuleInit(): Promise<void> {
    await this.link.open();
    if (!this.link.isUp()) this.tell(false);
  }

  onApplicationShutdown(): void {
    this.link.close();
    this.alone.onModuleDestroy();
  }

  consume(windows: readonly Window[]): Outcome | Promise<Outcome> {
    if (windows.length === 0 || !this.link.isUp()) return this.alone.consume(windows);
    // Redis was lost under way, or answered with an error, such as that its memory is full: this request is counted here.
    return this.ask(windows).catch(() => this.alone.consume(windows));
  }

  private async ask(windows: readonly Window[]): Promise<Outcome> {
    const args = scriptArguments(windows);
    const answer = await this.link.send(['EVALSHA', COUNT_SCRIPT_SHA, ...args]).catch((error: Error) => {
      if (!error.message.startsWith('NOSCRIPT')) throw error;
      // A Redis that was restarted knows no scripts; this call teaches it.
      return this.link.send(['EVAL', COUNT_SCRIPT, ...args]);
    });
    return readOutcome(windows, answer);
  }

  private tell(up: boolean): void {
    if (up) this.logger.log('counting requests in Redis');
    else this.logger.warn('Redis does not answer: counting requests in the memory of this process until it is back');
  }
}
