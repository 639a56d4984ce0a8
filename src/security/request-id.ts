import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const BYTES = 16;
const pool = Buffer.alloc(256 * BYTES);
const portions = Array.from({ length: 256 }, (_, at) => pool.subarray(at * BYTES, (at + 1) * BYTES));
let next = portions.length;

/** A UUID v7 for a request. Randomness is taken from the system for many at once: asking costs more than the rest. */
export function newRequestId(): string {
  if (next === portions.length) {
    randomFillSync(pool);
    next = 0;
  }
  return v7({ random: portions[next++] });
}
