import { withinRequestTime } from './time-limits.js';

const PAGE = 100;

/**
 * Every row that pages of a query answer, one after the other: memory holds one page, and no connection is held between two.
 * `pageAfter` answers at most `size` rows after a row, or the first ones.
 */
export async function* walk<T>(pageAfter: (last: T | null, size: number) => Promise<T[]>): AsyncGenerator<T> {
  for (let last: T | null = null; ;) {
    // A page is a request's work: whoever reads a long answer has been answered long ago.
    const after: T | null = last;
    const rows: T[] = await withinRequestTime(() => pageAfter(after, PAGE));
    yield* rows;
    if (rows.length < PAGE) return;
    last = rows.at(-1) ?? null;
  }
}
