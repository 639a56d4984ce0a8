import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

/** A sort by one column with the id as tie-breaker: each page is one range of an index, however deep. */
export interface Keyset {
  /** Column of the alias, e.g. `r.created_at`; never from a request. */
  readonly column: string;
  readonly id: string;
  readonly descending: boolean;
}

/** Orders a query, and starts it after a position (the values of the last row seen). */
export function applyKeyset<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  { column, id, descending }: Keyset,
  after: readonly (string | number)[] | null,
  limit: number,
): SelectQueryBuilder<T> {
  const direction = descending ? 'DESC' : 'ASC';
  if (after) {
    const operator = descending ? '<' : '>';
    query.andWhere(`(${column}, ${id}) ${operator} (:afterValue, :afterId)`, {
      afterValue: after[0],
      afterId: after[1],
    });
  }
  // One more than asked for tells whether there is a next page.
  return query
    .orderBy(column, direction)
    .addOrderBy(id, direction)
    .limit(limit + 1);
}
