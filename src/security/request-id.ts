import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const BYTES = 16;
const pool = Buffer.alloc(256 * BYTES);
let next = pool.length;

/** A UUID v7 for a request. Randomness is taken from the system for many at once: asking costs more than the rest. */
export function newRequestId(): string {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  const random = pool.subarray(next, (next += BYTES));
  return v7({ random });
}
