import type { FastifyRequest } from 'fastify';
import { Problem } from '../errors/problem.js';
import { RepeatedFields } from './repeated-fields.js';

const CREDENTIALS = new RepeatedFields('authorization', 'x-api-key');

/** What a request presents, before anybody believes it. */
export interface Presented {
  readonly kind: 'api-key' | 'jwt';
  /** Null for an Authorization field that holds no token: a route that asks for one refuses it. */
  readonly text: string | null;
  /** Whether it comes with a proof of its key. */
  readonly isBound: boolean;
}

/**
 * The one credential of a request, or null. Two at once, in whatever state, are refused with 400: otherwise a bad key
 * beside a good token would pass, because Passport tries one strategy after the other. Query and cookies are never read.
 */
export function presentedCredential({ raw, headers }: FastifyRequest): Presented | null {
  const key = headers['x-api-key'];
  const authorization = headers.authorization;
  if (key === undefined && authorization === undefined) return null;
  if ((key !== undefined && authorization !== undefined) || CREDENTIALS.isIn(raw.rawHeaders)) {
    throw new Problem('credentials_ambiguous');
  }
  if (key !== undefined) return { kind: 'api-key', text: String(key), isBound: false };
  // RFC 6750 section 2.1: one space and a b64token, which Passport's own reading takes up to the first white space.
  const [, scheme = '', text = null] = /^(bearer|dpop) ([\w.~+/-]+=*)$/i.exec(authorization ?? '') ?? [];
  return { kind: 'jwt', text, isBound: scheme.toLowerCase() === 'dpop' };
}
