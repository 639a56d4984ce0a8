const PAGE = 100;

/**
 * Every row that pages of a query answer, one after the other: memory holds one page, and no connection is held between two.
 * `pageAfter` answers at most `size` rows after a row, or the first ones.
 */
export async function* walk<T>(pageAfter: (last: T | null, size: number) => Promise<T[]>): AsyncGenerator<T> {
  for (let last: T | null = null; ;) {
    const rows: T[] = await pageAfter(last, PAGE);
    yield* rows;
    if (rows.length < PAGE) return;
    last = rows.at(-1) ?? null;
  }
}
