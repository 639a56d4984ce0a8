/**
 * A hand-written server with the same routes, checks, limits, headers, problem documents and log line, on the same tables: what
 * they cost without a framework for structure. It is what `npm run bench` compares with, and nothing to deploy.
 */
import type { AddressInfo } from 'node:net';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import pg from 'pg';
import pino from 'pino';
import { Authentication } from './anchor/authentication.js';
import { HEADERS } from './anchor/headers.js';
import { readJsonBody } from './anchor/json.js';
import { Limits, parseLimit } from './anchor/limits.js';
import { problem, Refusal } from './anchor/problems.js';
import { registerRecords } from './anchor/records.js';
import { registerSessions } from './anchor/sessions.js';
import { newId } from './anchor/ids.js';
import { Tokens } from './anchor/tokens.js';

const setting = (name: string): string => process.env[name] ?? '';
const publicUrl = setting('PUBLIC_URL');
const pool = new pg.Pool({ connectionString: setting('DATABASE_URL'), max: 10 });
const tokens = new Tokens(setting('SIGNING_KEY'), `${publicUrl}/oauth`, `${publicUrl}/api`);
const authentication = new Authentication(pool, tokens, setting('TOKEN_CACHE') === 'on');
const limits = new Limits({
  address: parseLimit(setting('RATE_LIMIT_ADDRESS')),
  anonymous: parseLimit(setting('RATE_LIMIT_ANONYMOUS')),
  principal: parseLimit(setting('RATE_LIMIT_PRINCIPAL')),
  sensitive: parseLimit(setting('RATE_LIMIT_SENSITIVE')),
});

const server: FastifyInstance = fastify({
  // Whole pieces of the log, in the background, as its documentation advises for speed.
  loggerInstance: pino(pino.destination({ dest: 1, sync: false, minLength: 4096 })) as FastifyBaseLogger,
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
  genReqId: newId,
  bodyLimit: 100 * 1024,
  routerOptions: { maxParamLength: 200 },
});
server.decorateRequest('principal', null);
server.decorateRequest('counted', '');
server.decorateRequest('refusal', null);

server.removeAllContentTypeParsers();
server.addContentTypeParser(
  ['application/json', 'application/merge-patch+json'],
  { parseAs: 'buffer' },
  (_, body, done) => {
    try {
      done(null, readJsonBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  },
);

server.addHook('onRequest', (request, reply, done) => {
  void reply.headers(HEADERS);
  void reply.header('x-request-id', request.id);
  if (request.routeOptions.url?.startsWith('/api/')) void reply.header('cache-control', 'no-store');
  try {
    limits.byAddress(request, reply, request.routeOptions.config.sensitive === true);
    const { scope } = request.routeOptions.config;
    if (scope === undefined) {
      limits.anonymous(request, reply);
      return done();
    }
    const principal = authentication.prove(request);
    if (principal instanceof Promise) {
      principal.then((proved) => admit(request, reply, proved, scope)).then(() => done(), done);
    } else {
      admit(request, reply, principal, scope);
      done();
    }
  } catch (error) {
    done(error as Error);
  }
});

function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  principal: FastifyRequest['principal'],
  scope: string,
): void {
  if (!principal) throw new Refusal('authentication_required');
  request.principal = principal;
  limits.byPrincipal(request, reply, principal);
  if (!principal.scopes.has(scope)) throw new Refusal('insufficient_scope', { scope });
}

server.addHook('onResponse', (request, reply, done) => {
  const { principal } = request;
  request.log.info(
    {
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      address: request.ip,
      ...(principal && { kind: principal.kind, subject: principal.subject, credential: principal.credentialId }),
      ...(request.refusal && { code: request.refusal }),
    },
    'request',
  );
  done();
});

server.setErrorHandler((error: unknown, request, reply) => refuse(error, request, reply));
server.setNotFoundHandler((request, reply) => refuse(new Refusal('not_found'), request, reply));

function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  let refusal = error instanceof Refusal ? error : new Refusal(codeOf(error));
  if (refusal.code !== 'rate_limited' && !request.principal && !request.counted.includes('anonymous')) {
    try {
      limits.anonymous(request, reply);
    } catch (limited) {
      refusal = limited as Refusal;
    }
  }
  if (refusal.code === 'internal_error') request.log.error({ err: error }, 'request failed');
  request.refusal = refusal.code;
  problem(reply, refusal, request.id);
}

const codeOf = (error: unknown): 'request_malformed' | 'internal_error' =>
  ((error as { statusCode?: number }).statusCode ?? 500) < 500 ? 'request_malformed' : 'internal_error';

registerRecords(server, pool);
registerSessions(server, pool, tokens);

process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
await authentication.listen(setting('DATABASE_URL'));
await server.listen({ port: Number(setting('PORT')), host: '127.0.0.1' });
process.send?.({ type: 'listening', port: (server.addresses()[0] as AddressInfo).port });
