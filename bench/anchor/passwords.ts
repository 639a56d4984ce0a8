import { hash, verify } from '@node-rs/argon2';
import { Refusal } from './problems.js';

const CONCURRENCY = 2;
const QUEUE = 64;
/** Algorithm.Argon2id, a const enum. */
const ARGON2ID = 2;

/** argon2id behind a bounded queue, as work for somebody whom nobody knows yet. */
export class Passwords {
  private readonly nobody: Promise<string>;
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(memoryKib: number, iterations: number) {
    const cost = { memoryCost: memoryKib, timeCost: iterations, parallelism: 1 };
    this.nobody = hash('nobody has this password', { algorithm: ARGON2ID, ...cost });
  }

  /** The same work where there is no hash. Throws 503 `busy` when too many wait. */
  async matches(stored: string | null, password: string): Promise<boolean> {
    const against = stored ?? (await this.nobody);
    if (this.running < CONCURRENCY) this.running += 1;
    else if (this.waiting.length >= QUEUE) throw new Refusal('busy');
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return (await verify(against, password.normalize('NFKC'))) && stored !== null;
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
