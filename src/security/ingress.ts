import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Cidrs } from '../config/address.js';
import { Problem } from '../errors/problem.js';
import type { ProblemFilter } from '../errors/problem.filter.js';
import { setClientAddress } from './client-address.js';
import type { RateLimits } from './rate-limits.js';
import type { Headers } from './security-headers.js';

const IDLE_CHECK_MS = 50;

/**
 * What happens to every request before Nest sees it, also to unknown paths and bodies that will be refused:
 * headers, request id, the first step of the limits. A hook and no middleware: path matching is where bypasses live.
 */
export function registerIngress(
  instance: FastifyInstance,
  headers: Headers,
  proxies: Cidrs,
  late: () => { limits: RateLimits; problems: ProblemFilter },
): void {
  instance.decorateRequest('credential', null);
  instance.decorateRequest('counted', null);
  instance.decorateRequest('refusal', null);
  let closing = false;
  instance.addHook('preClose', (done) => {
    closing = true;
    // A connection that was busy now becomes idle later, and a client may keep it for as long as it likes.
    setInterval(() => instance.server.closeIdleConnections(), IDLE_CHECK_MS).unref();
    done();
  });
  instance.addHook('onRequest', (request, reply, done) => {
    if (closing) void reply.header('connection', 'close');
    setClientAddress(request, proxies);
    void reply.headers(headers);
    void reply.header('x-request-id', request.id);
    // Personal data is behind every route of the API, so nothing of it may be kept by anybody on the way.
    // By the route, not the URL, where `/%61pi/` is another text for the same path.
    const path = request.routeOptions.url ?? request.url;
    if (path.startsWith('/api/')) void reply.header('cache-control', 'no-store');
    try {
      const refusal = hasOneHost(request.raw) ? undefined : new Problem('request_malformed');
      const pending = late().limits.byAddress(request, reply);
      if (pending) pending.then(() => done(refusal), done);
      else done(refusal);
    } catch (error) {
      done(error as Error);
    }
  });
}

/** RFC 9112 section 3.2: without Host, or with two, a request could mean one thing to a proxy and another here. */
function hasOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts += 1;
  }
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0');
}
