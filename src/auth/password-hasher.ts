import { Inject, Injectable } from '@nestjs/common';
import { hash, type Options, verify } from '@node-rs/argon2';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { Problem } from '../errors/problem.js';

/** `Algorithm.Argon2id`: a const enum, which code compiled file by file cannot import. */
const ARGON2ID = 2;

/**
 * argon2id (RFC 9106, ASVS 11.4.2) behind a bounded queue: hashing is the most expensive thing a stranger can ask for.
 * Throws 503 `busy` when the queue is full, before any work is done.
 */
@Injectable()
export class PasswordHasher {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly options: Options;
  /** Verified against when there is no user, so that both cases take the same time (ASVS 6.3.8). */
  private readonly nobody: Promise<string>;

  constructor(@Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>) {
    const { memoryKib, iterations } = config.password;
    this.options = { algorithm: ARGON2ID, memoryCost: memoryKib, timeCost: iterations, parallelism: 1 };
    this.nobody = hash('nobody has this password', this.options);
  }

  hash(password: string): Promise<string> {
    return this.queued(() => hash(normal(password), this.options));
  }

  /** Whether the password is this hash's; false, after the same work, when there is none. */
  async verify(stored: string | null, password: string): Promise<boolean> {
    const against = stored ?? (await this.nobody);
    const equal = await this.queued(() => verify(against, normal(password)));
    return equal && stored !== null;
  }

  /** Whether a hash was made with less memory or fewer passes than new ones are. */
  isWeaker(stored: string): boolean {
    const { memoryKib, iterations } = this.config.password;
    const [, memory = 0, passes = 0] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/.exec(stored) ?? [];
    return Number(memory) < memoryKib || Number(passes) < iterations;
  }

  private async queued<T>(work: () => Promise<T>): Promise<T> {
    const { concurrency, queue } = this.config.password;
    if (this.running >= concurrency) {
      if (this.waiting.length >= queue) throw new Problem('busy', { retryAfter: 1 });
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}

/** NIST SP 800-63B-4 section 3.1.1.2: one form for all keyboards. */
const normal = (password: string): string => password.normalize('NFKC');
