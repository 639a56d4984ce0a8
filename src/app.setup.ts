import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import pino from 'pino';
import { v7 as uuid } from 'uuid';
import { AppModule } from './app.module.js';
import { parseCidrs } from './config/address.js';
import type { Env } from './config/env.js';
import { httpConfig } from './config/http.config.js';
import type { ConfigOf } from './config/namespace.js';
import { answerClientError, answerOddRequests } from './errors/client-error.js';
import { loggableError } from './errors/loggable-error.js';
import { Problem } from './errors/problem.js';
import { buildDocument } from './docs/build-document.js';
import { ProblemFilter } from './errors/problem.filter.js';
import { PinoLogger } from './pino-logger.js';
import { registerAccessLog } from './security/access-log.js';
import { AllowedMethods } from './security/allowed-methods.js';
import { registerBodyParsing } from './security/body-parsing.js';
import { setClientAddress } from './security/client-address.js';
import { clientTimeouts } from './security/client-timeouts.js';
import { addPreflight, registerCors } from './security/cors.js';
import { registerIngress } from './security/ingress.js';
import { RateLimits } from './security/rate-limits.js';
import { originForm } from './security/request-target.js';
import { securityHeaders } from './security/security-headers.js';

const BODY_LIMIT_BYTES = 100 * 1024;
const HEADER_LIMIT_BYTES = 16 * 1024;
const PARAMETER_LIMIT = 200;

/** What the transport needs of the application once it exists; hooks are registered before. */
interface Late {
  limits: RateLimits;
  problems: ProblemFilter;
}

/** The whole application, initialised and not yet listening: the same for `main.ts` and for every test. */
export async function createApp(env: Env): Promise<NestFastifyApplication> {
  const logger = pino({ level: env.LOG_LEVEL, serializers: { err: loggableError } });
  const late: Partial<Late> = {};
  const http = (httpConfig.from(env) as () => ConfigOf<typeof httpConfig>)();
  const adapter = createAdapter(http, logger, () => late as Late);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(env), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new PinoLogger(logger),
  });
  Object.assign(late, { limits: app.get(RateLimits), problems: app.get(ProblemFilter) } satisfies Late);
  app.setGlobalPrefix('api', { exclude: ['health/*path', '.well-known/*path', 'openapi.json', 'docs', 'docs/*path'] });
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  await app.init();
  buildDocument(app, http.publicUrl);
  await adapter.getInstance().ready();
  return app;
}

function createAdapter(http: ConfigOf<typeof httpConfig>, logger: pino.Logger, late: () => Late): FastifyAdapter {
  const headers = securityHeaders(http.publicUrl.startsWith('https:'));
  const proxies = parseCidrs(http.trustedProxies);
  const adapter = new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    skipMiddie: true,
    bodyLimit: BODY_LIMIT_BYTES,
    ...clientTimeouts,
    genReqId: () => uuid(),
    rewriteUrl: ({ url = '/' }) => originForm(url),
    routerOptions: { maxParamLength: PARAMETER_LIMIT },
    // Node would answer a missing Host itself, without a document: the first hook does.
    http: { ...clientTimeouts.http, maxHeaderSize: HEADER_LIMIT_BYTES, requireHostHeader: false },
    forceCloseConnections: 'idle',
    // Requests that are on their way are answered; they are told to come back on another connection.
    return503OnClosing: false,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      setClientAddress(request, proxies);
      void reply.headers(headers).header('x-request-id', request.id);
      void late().problems.refuse(error, request, reply);
    },
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => answerClientError(error, socket, headers),
  });
  const instance = adapter.getInstance<FastifyInstance>();
  answerOddRequests(instance.server, headers);
  const allowed = new AllowedMethods(instance);
  registerIngress(instance, headers, proxies, late);
  registerAccessLog(instance);
  registerBodyParsing(instance);
  registerCors(instance, http.corsOrigins, http.corsCredentials);
  answerUnknownRoutes(adapter, allowed, late);
  return adapter;
}

/** 404, 405 with `Allow`, and OPTIONS; Nest's own handler for unknown paths knows none of them. */
function answerUnknownRoutes(adapter: FastifyAdapter, allowed: AllowedMethods, late: () => Late): void {
  adapter.setNotFoundHandler = (() => undefined) as never;
  adapter.getInstance().setNotFoundHandler(async (request, reply) => {
    const methods = allowed.of(pathOf(request.raw));
    if (!methods) return late().problems.refuse(new Problem('not_found'), request, reply);
    const allow = methods.join(', ');
    if (request.method === 'OPTIONS') {
      await late().limits.byPrincipal(request, reply, null);
      addPreflight(request, reply, allow);
      return reply.code(204).header('allow', allow).send();
    }
    const problem = methods.includes(request.method)
      ? new Problem('not_found')
      : new Problem('method_not_allowed', { headers: { allow } });
    return late().problems.refuse(problem, request, reply);
  });
}

const pathOf = ({ url = '/' }: IncomingMessage): string => url.split('?', 1)[0] ?? '/';
