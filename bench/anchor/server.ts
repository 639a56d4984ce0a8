import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import pino from 'pino';
import { type Authentication, type Presented, presentedBy, type Principal } from './authentication.js';
import { HEADERS, isUnambiguous } from './headers.js';
import { newId } from './ids.js';
import { readBody } from './json.js';
import { bucketOf, type Count, count, type Window } from './limits.js';
import { documentOf, headersOf, insufficientScope, invalid, Refusal, refusalOf } from './problems.js';

export type Limits = Readonly<Record<'address' | 'anonymous' | 'principal' | 'sensitive', readonly Window[]>>;

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null;
    refusal: string | null;
    /** The first step of the limits; null before, and once the second is done. */
    counted: Count | null;
  }
  interface FastifyContextConfig {
    /** What a credential must hold; none for a public route. */
    scope?: string;
    sensitive?: boolean;
    query?: boolean;
    patch?: boolean;
  }
}

export function createServer(authentication: Authentication, limits: Limits): FastifyInstance {
  const { refuse, byAddress, second } = refusals(limits);
  const logger = pino();
  const server = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // The one line of a request names it: no logger of its own for that.
    childLoggerFactory: (parent) => parent,
    genReqId: newId,
    bodyLimit: 100 * 1024,
    requestTimeout: 8000,
    connectionTimeout: 10_000,
    keepAliveTimeout: 10_000,
    routerOptions: { maxParamLength: 200 },
    http: { headersTimeout: 6000, connectionsCheckingInterval: 1000, maxHeaderSize: 16_384, requireHostHeader: false },
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => refuse(error, request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler,
  }) as unknown as FastifyInstance;
  server.decorateRequest('principal', null).decorateRequest('refusal', null).decorateRequest('counted', null);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, readBody(request, body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  server.addHook('onRequest', (request, reply, done) => {
    try {
      byAddress(request, reply);
      const { rawHeaders, httpVersion, headers } = request.raw;
      const plain = isUnambiguous(rawHeaders, httpVersion, headers['transfer-encoding'], headers.host);
      done(plain ? undefined : new Refusal('request_malformed'));
    } catch (error) {
      done(error as Error);
    }
  });
  server.addHook('preHandler', preHandler(authentication, second));
  server.addHook('onResponse', (request, reply, done) => {
    logger.info(lineOf(request, reply), 'request');
    done();
  });
  server.setErrorHandler((error, request, reply) => refuse(error, request, reply));
  server.setNotFoundHandler((request, reply) => refuse(new Refusal('not_found'), request, reply));
  return server;
}

type Done = (error?: Error) => void;
type Second = (request: FastifyRequest, reply: FastifyReply) => void;

/** Who asks, has that one asked too often, may it, and does the route take what was sent. */
function preHandler(authentication: Authentication, second: Second) {
  const admit = (request: FastifyRequest, reply: FastifyReply, principal: Principal, scope: string): void => {
    request.principal = principal;
    second(request, reply);
    if (!principal.scopes.has(scope)) throw insufficientScope(scope);
    refuseQuery(request);
  };
  const enter = (request: FastifyRequest, reply: FastifyReply, done: Done): void => {
    const { is404, routeOptions } = request as FastifyRequest & { is404: boolean };
    if (is404) return done();
    const presented: Presented | null = presentedBy(request);
    const { scope } = routeOptions.config;
    if (scope === undefined) {
      second(request, reply);
      refuseQuery(request);
      return done();
    }
    if (!presented) throw new Refusal('authentication_required');
    const proved = authentication.prove(presented, request.ip);
    if (proved instanceof Promise) {
      proved.then((principal) => admit(request, reply, principal, scope)).then(() => done(), done);
      return;
    }
    admit(request, reply, proved, scope);
    done();
  };
  return (request: FastifyRequest, reply: FastifyReply, done: Done): void => {
    try {
      enter(request, reply, done);
    } catch (error) {
      done(error as Error);
    }
  };
}

function refuseQuery(request: FastifyRequest): void {
  if (request.routeOptions.config.query === true || !request.raw.url?.includes('?')) return;
  const names = Object.keys(request.query as object);
  if (names.length === 0) return;
  const code = 'query_parameter_unknown';
  throw invalid(names.map((name) => ({ pointer: name.slice(0, 100), code, detail: 'Not known here.' })));
}

const tell = (reply: FastifyReply, first: Count, then: Count | null): void => {
  void reply.header('ratelimit-policy', then ? `${first.policy}, ${then.policy}` : first.policy);
  void reply.header('ratelimit', then ? `${first.state}, ${then.state}` : first.state);
};

function refusals(limits: Limits) {
  /** Every answer comes after both steps, or after the one that refused. */
  const byAddress = (request: FastifyRequest, reply: FastifyReply): void => {
    void reply.headers(HEADERS).header('x-request-id', request.id);
    const { url = request.url, config } = request.routeOptions;
    if (url.startsWith('/api/')) void reply.header('cache-control', 'no-store');
    const bucket = bucketOf(request.ip);
    const first = count(limits.address, bucket, config?.sensitive ? limits.sensitive : undefined, bucket);
    if (first.retryAfter > 0) {
      tell(reply, first, null);
      throw new Refusal('rate_limited', { retryAfter: first.retryAfter });
    }
    request.counted = first;
  };
  const second = (request: FastifyRequest, reply: FastifyReply): void => {
    const { counted, principal } = request;
    if (!counted) return;
    request.counted = null;
    const then = principal
      ? count(limits.principal, principal.subject, principal.windows, principal.credentialId)
      : count(limits.anonymous, bucketOf(request.ip));
    tell(reply, counted, then);
    if (then.retryAfter > 0) throw new Refusal('rate_limited', { retryAfter: then.retryAfter });
  };
  /** A refusal counts as anonymous where no principal came out, and 429 stands in for it when that is too much. */
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    let refusal = refusalOf(error);
    try {
      // The router refuses a bad URL before any hook.
      if (!reply.hasHeader('x-request-id')) byAddress(request, reply);
      second(request, reply);
    } catch (limited) {
      refusal = refusalOf(limited);
    }
    request.refusal = refusal.code;
    if (refusal.status >= 500) request.log.error({ err: error, code: refusal.code }, 'request failed');
    void reply.code(refusal.status).headers(headersOf(refusal)).send(documentOf(refusal, request.id));
  };
  return { byAddress, second, refuse };
}

function lineOf(request: FastifyRequest, reply: FastifyReply): object {
  const { principal, refusal } = request;
  return {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? null,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    address: request.ip,
    ...(principal && { kind: principal.kind, subject: principal.subject, credential: principal.credentialId }),
    ...(refusal && { code: refusal }),
  };
}

/** What Node's parser refuses has no request yet. */
function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesRead === 0) return void socket.destroy();
  const known = { HPE_HEADER_OVERFLOW: 'headers_too_large', ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout' } as const;
  const refusal = new Refusal(known[error.code as keyof typeof known] ?? 'request_malformed');
  const id = newId();
  const body = documentOf(refusal, id);
  const length = String(Buffer.byteLength(body));
  const own = { 'content-length': length, 'x-request-id': id, connection: 'close' };
  const lines = Object.entries({ ...HEADERS, ...headersOf(refusal), ...own }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join('')}\r\n${body}`);
}
