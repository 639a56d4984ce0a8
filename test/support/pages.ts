import type { TestCaller } from './callers.js';
import type { Answer } from './http.js';

interface Item {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The target of `Link: <...>; rel="next"`, or null on the last page. */
export function nextOf({ headers }: Answer): string | null {
  const link = headers.get('link');
  if (link === null) return null;
  const target = /^<([^>]*)>; rel="next"$/.exec(link)?.[1];
  if (target === undefined) throw new Error(`not a link to a next page: ${link}`);
  return target;
}

/** Follows a list to its end by its links alone. `between` runs after each page. */
export async function followLinks(
  caller: Pick<TestCaller, 'call'>,
  first: string,
  between: (page: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<Item[]> {
  const items: Item[] = [];
  let page = 0;
  for (let path: string | null = first; path !== null; page += 1) {
    if (page > 200) throw new Error('the list does not end');
    const answer = await caller.call('GET', path);
    if (answer.status !== 200) throw new Error(`page ${page} answered ${answer.status} ${answer.text}`);
    items.push(...(answer.body.items as Item[]));
    path = nextOf(answer);
    await between(page);
  }
  return items;
}
