import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const pool = Buffer.alloc(4096);
let next = pool.length;

/** A UUID v7; the system is asked for the randomness of 256 at once. */
export function newId(): string {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  return v7({ random: pool.subarray(next, (next += 16)) });
}
