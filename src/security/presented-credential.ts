import type { FastifyRequest } from 'fastify';
import { Problem } from '../errors/problem.js';

/** What a request presents, before anybody believes it. */
export interface Presented {
  readonly kind: 'api-key' | 'jwt';
  /** Null for an Authorization field that holds no bearer token: a route that asks for one refuses it. */
  readonly text: string | null;
}

/**
 * The one credential of a request, or null. Two at once, in whatever state, are refused with 400: otherwise a bad key
 * beside a good token would pass, because Passport tries one strategy after the other. Query and cookies are never read.
 */
export function presentedCredential({ raw, headers }: FastifyRequest): Presented | null {
  const key = headers['x-api-key'];
  const authorization = headers.authorization;
  if (key === undefined && authorization === undefined) return null;
  if ((key !== undefined && authorization !== undefined) || repeats(raw.rawHeaders)) {
    throw new Problem('credentials_ambiguous');
  }
  if (key !== undefined) return { kind: 'api-key', text: String(key) };
  // RFC 6750 section 2.1: one space and a b64token, which Passport's own reading takes up to the first white space.
  return { kind: 'jwt', text: /^bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1] ?? null };
}

/** Node keeps only the first Authorization and joins the others: only the raw list shows a second one. */
function repeats(rawHeaders: readonly string[]): boolean {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length !== 13 && name.length !== 9) continue;
    const lower = name.toLowerCase();
    if (lower === 'authorization' || lower === 'x-api-key') seen += 1;
  }
  return seen > 1;
}
