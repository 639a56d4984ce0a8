import type { ThrottlerStorage } from '@nestjs/throttler';
import type { Limit } from '../config/limits.js';

/** One limit on one client: `name` tells the limits apart, `key` the clients within it. */
export interface Window {
  readonly name: string;
  readonly key: string;
  /** The counter a new key shares with its network while there is no room for one of its own. */
  readonly fallbackKey?: () => string;
  readonly limit: Limit;
}

/** What is left of a window: requests, and whole seconds (rounded up) until it begins again. */
export interface WindowState {
  name: string;
  limit: Limit;
  remaining: number;
  resetSeconds: number;
}

/** `refusedBy` is the exhausted window with the longest wait; `retryAfterSeconds` is 0 when allowed, else at least 1. */
export interface Outcome {
  allowed: boolean;
  refusedBy?: WindowState;
  retryAfterSeconds: number;
  windows: WindowState[];
}

/** Where the counters are: in this process alone, or in a store that all instances share, as long as it answers. */
export type CounterStore = 'memory' | 'redis';

/** Counts a request in all of its windows at once, or, when any of them is exhausted, in none. */
export abstract class CounterStorage implements ThrottlerStorage {
  /** What is configured, and what counts right now. */
  abstract readonly standing: { readonly store: CounterStore; readonly counting: CounterStore };

  abstract consume(windows: readonly Window[]): Outcome | Promise<Outcome>;

  /**
   * The library's contract on the same counters: `ttl` in milliseconds, answers in seconds. A refused key waits for the end
   * of its window, whatever `blockDuration` says. A limit that is no number is a RangeError: it would never refuse.
   */
  async increment(key: string, ttl: number, limit: number, blockDuration: number, throttlerName: string) {
    if (!(ttl > 0 && limit >= 0)) throw new RangeError('a limit needs a positive ttl and a number of requests');
    const window = { name: throttlerName, key, limit: { max: limit, seconds: ttl / 1_000 } };
    const { allowed, retryAfterSeconds, windows } = await this.consume([window]);
    const { remaining = 0, resetSeconds = 1 } = windows[0] ?? {};
    return {
      totalHits: allowed ? limit - remaining : limit + 1,
      timeToExpire: resetSeconds,
      isBlocked: !allowed,
      timeToBlockExpire: retryAfterSeconds,
    };
  }
}
