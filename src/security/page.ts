import type { FastifyReply, FastifyRequest } from 'fastify';

/** One page of a list, and where the next one starts. */
export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

/** Cuts the row that was read too many, and makes the cursor from the last one that stays. */
export function toPage<T>(rows: T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? cursorOf(last) : null };
}

/** The `Link` of the next page (RFC 8288), with the filters of this one. */
export function linkNext({ url }: FastifyRequest, reply: FastifyReply, { nextCursor }: Page<unknown>): void {
  if (nextCursor === null) return;
  // The query begins at the first question mark; later ones are text in it.
  const [path = ''] = url.split('?', 1);
  const parameters = new URLSearchParams(url.slice(path.length));
  parameters.set('cursor', nextCursor);
  void reply.header('link', `<${path}?${parameters.toString()}>; rel="next"`);
}
