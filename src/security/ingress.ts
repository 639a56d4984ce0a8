import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Cidrs } from '../config/address.js';
import { Problem } from '../errors/problem.js';
import type { ProblemFilter } from '../errors/problem.filter.js';
import { setClientAddress } from './client-address.js';
import { type Drain, quietMoment } from './drain.js';
import { awaitFirstByte } from './first-byte.js';
import type { RateLimits } from './rate-limits.js';
import { RepeatedFields } from './repeated-fields.js';
import type { Headers } from './security-headers.js';

const IDLE_CHECK_MS = 50;

/** What the transport needs of the application once that exists; hooks are registered before. */
export interface Late {
  limits: RateLimits;
  problems: ProblemFilter;
  drain: Drain;
}

/** What every server of the process has in common. */
export interface Transport {
  readonly headers: Headers;
  readonly proxies: Cidrs;
  readonly late: () => Late;
}

/**
 * What happens to every request before Nest sees it, also to unknown paths and bodies that will be refused:
 * headers, request id, the first step of the limits. A hook and no middleware: path matching is where bypasses live.
 */
export function registerIngress(instance: FastifyInstance, { headers, proxies, late }: Transport): void {
  const closeSilent = awaitFirstByte(instance.server);
  const closeIdle = () => {
    closeSilent();
    instance.server.closeIdleConnections();
  };
  instance.decorateRequest('credential', null);
  instance.decorateRequest('counted', null);
  instance.decorateRequest('refusal', null);
  instance.addHook('preClose', (done) => {
    late().drain.begin();
    // A connection that was busy now becomes idle later, and a client may keep it for as long as it likes.
    setInterval(closeIdle, IDLE_CHECK_MS).unref();
    // Fastify closes the port in the same moment.
    void quietMoment().then(() => done(), done);
  });
  instance.addHook('onSend', (_request, reply, _payload, done) => {
    if (late().drain.hasBegun) void reply.header('connection', 'close');
    done();
  });
  instance.addHook('onRequest', (request, reply, done) => {
    setClientAddress(request, proxies);
    void reply.headers(headers);
    void reply.header('x-request-id', request.id);
    // Personal data is behind every route of the API, so nothing of it may be kept by anybody on the way.
    // By the route, not the URL, where `/%61pi/` is another text for the same path.
    const path = request.routeOptions.url ?? request.url;
    if (path.startsWith('/api/')) void reply.header('cache-control', 'no-store');
    try {
      const refusal = isUnambiguous(request.raw) ? undefined : new Problem('request_malformed');
      const pending = late().limits.byAddress(request, reply);
      if (pending) pending.then(() => done(refusal), done);
      else done(refusal);
    } catch (error) {
      done(error as Error);
    }
  });
}

const SINGLE = new RepeatedFields('host', 'content-type', 'content-encoding');

/**
 * What a proxy could read another way is refused (ASVS 4.2.1). RFC 9112 sections 2.3, 3.2 and 6.1: HTTP/1 alone, one Host,
 * and no coding but chunked, which HTTP/1.0 does not have. Of a repeated Content-Type Node would keep the first.
 */
function isUnambiguous({ rawHeaders, headers, httpVersion }: IncomingMessage): boolean {
  if (SINGLE.isIn(rawHeaders)) return false;
  const coding = headers['transfer-encoding'];
  if (httpVersion === '1.0') return coding === undefined;
  return (
    httpVersion === '1.1' && headers.host !== undefined && (coding === undefined || coding.toLowerCase() === 'chunked')
  );
}
