import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PAGE_PATHS } from './page-paths.js';

const REQUEST_HEADERS = 'authorization, content-type, dpop, idempotency-key, if-match, if-none-match, x-api-key';
const RESPONSE_HEADERS = [
  'etag',
  'link',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'x-request-id',
];
const PREFLIGHT_SECONDS = '600';

/**
 * Lets pages of the listed origins read answers (Fetch standard, 3.3); no list, no CORS. Preflights are answered with OPTIONS:
 * the plugin would answer each OPTIONS itself, uncounted, also of paths that do not exist, and allow GET and POST alone.
 */
export function registerCors(instance: FastifyInstance, origins: readonly string[], credentials: boolean): void {
  if (origins.length === 0) return;
  const origin = origins.includes('*') ? '*' : [...origins];
  void instance.register(cors, () => (request: FastifyRequest, decide: (error: null, options: object) => void) => {
    const options = { credentials, preflight: false, exposedHeaders: RESPONSE_HEADERS };
    decide(null, { ...options, origin: isForPrograms(request) && origin });
  });
}

/** Pages and where browsers are sent are for people: no other page reads them (RFC 9700 section 2.6). What is for applications has rules of its own. */
const isForPrograms = ({ url, routeOptions }: FastifyRequest): boolean =>
  routeOptions?.config?.refusals === undefined && !PAGE_PATHS.test(url);

/** What a preflight asks for, where the origin may have it: the methods of this very path. */
export function addPreflight(request: FastifyRequest, reply: FastifyReply, methods: string): void {
  if (!reply.hasHeader('access-control-allow-origin')) return;
  if (request.headers['access-control-request-method'] === undefined) return;
  void reply.headers({
    'access-control-allow-methods': methods,
    'access-control-allow-headers': REQUEST_HEADERS,
    'access-control-max-age': PREFLIGHT_SECONDS,
  });
}
