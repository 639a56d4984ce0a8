import type { FastifyInstance } from 'fastify';

/** The methods each path takes. Fastify has neither 405 nor OPTIONS: both need the table of routes. */
export class AllowedMethods {
  private readonly methods = new Map<string, { pattern: readonly string[]; methods: Set<string> }>();

  /** Collects every route registered from now on. */
  constructor(instance: FastifyInstance) {
    instance.addHook('onRoute', ({ method, url }) => {
      // The catch-all of the CORS plugin is no route of ours.
      if (url === '*' || url === '/*') return;
      const entry = this.methods.get(url) ?? { pattern: url.split('/'), methods: new Set(['OPTIONS']) };
      for (const name of [method].flat()) entry.methods.add(name);
      this.methods.set(url, entry);
    });
  }

  /** The methods of the most exact pattern that matches a path, or null for an unknown path. */
  of(path: string): string[] | null {
    const segments = path.split('/');
    let best: { exact: number; methods: Set<string> } | null = null;
    for (const { pattern, methods } of this.methods.values()) {
      const exact = exactSegments(pattern, segments);
      if (exact >= 0 && (!best || exact > best.exact)) best = { exact, methods };
    }
    return best && [...best.methods].toSorted();
  }
}

/** How many segments match literally, or -1 when the pattern does not match. */
function exactSegments(pattern: readonly string[], segments: readonly string[]): number {
  if (pattern.length !== segments.length) return -1;
  let exact = 0;
  for (const [i, part] of pattern.entries()) {
    const segment = segments[i] ?? '';
    if (part.startsWith(':')) {
      if (segment === '') return -1;
    } else if (part === segment) exact += 1;
    else return -1;
  }
  return exact;
}
