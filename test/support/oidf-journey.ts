import type { Browse, Visited } from './browse.js';
import type { Person } from './oidf-server.js';

/** An authorization request, and what the client keeps of it. */
export interface Asked {
  readonly params: Record<string, string>;
  readonly verifier: string;
}

/** Where a browser came to, and what its person was asked on the way. */
export interface Journey {
  readonly page: Visited;
  readonly asked: readonly ('login' | 'consent')[];
  /** The redirect to the client, where there is one. */
  readonly back: URL | undefined;
}

export interface Sent {
  /** Null for none. */
  readonly assertion?: string | null;
  readonly proof?: string | null;
}

export interface CodeOptions {
  /** How the request is pushed, where that matters; answers the link to it. */
  readonly pushed?: (asked: Asked) => Promise<string>;
  readonly visitor?: Visitor;
}

export interface Visitor {
  readonly browser: Browse;
  readonly person: Person;
}
