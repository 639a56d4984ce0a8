import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Both from `src/` and from `dist/`: it is made by the build. */
const FILE = join(import.meta.dirname, '../../dist/common-passwords.bin');
const HASH_BYTES = 8;

/** The passwords that are tried first, as a sorted list of the first 64 bits of their SHA-256: 140 kB for 18,000 of them. */
export class CommonPasswords {
  private readonly hashes: Buffer;

  /** Throws where the build made none: without the list everything would pass. */
  constructor() {
    this.hashes = readFileSync(FILE);
    if (this.hashes.length === 0 || this.hashes.length % HASH_BYTES > 0)
      throw new Error('dist/common-passwords.bin is not whole');
  }

  /** Without regard to case. */
  has(password: string): boolean {
    const wanted = createHash('sha256').update(password.normalize('NFKC').toLowerCase()).digest().readBigUInt64BE();
    let [low, high] = [0, this.hashes.length / HASH_BYTES];
    while (low < high) {
      const middle = (low + high) >> 1;
      const found = this.hashes.readBigUInt64BE(middle * HASH_BYTES);
      if (found === wanted) return true;
      if (found < wanted) low = middle + 1;
      else high = middle;
    }
    return false;
  }
}
