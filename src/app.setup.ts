import type { IncomingMessage } from 'node:http';
import { VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { AppModule } from './app.module.js';
import { parseCidrs } from './config/address.js';
import type { Env } from './config/env.js';
import { httpConfig } from './config/http.config.js';
import type { ConfigOf } from './config/namespace.js';
import { limitRequestTime } from './database/time-limits.js';
import { answerOddRequests } from './errors/client-error.js';
import { loggableError } from './errors/loggable-error.js';
import { Problem } from './errors/problem.js';
import { buildDocument } from './docs/build-document.js';
import { ProblemFilter } from './errors/problem.filter.js';
import { logStream } from './log-stream.js';
import { OAuthRoutes } from './oauth/oauth-routes.js';
import { PinoLogger } from './pino-logger.js';
import { registerAccessLog } from './security/access-log.js';
import { AllowedMethods } from './security/allowed-methods.js';
import { registerBodyParsing } from './security/body-parsing.js';
import { addPreflight, registerCors } from './security/cors.js';
import { Drain } from './security/drain.js';
import { type Late, registerIngress, type Transport } from './security/ingress.js';
import { besideTls, plainServer } from './security/plain-server.js';
import { RateLimits } from './security/rate-limits.js';
import { securityHeaders } from './security/security-headers.js';
import { serverOptions } from './security/server-options.js';
import { tlsOptions } from './security/tls.js';

/** What is no part of the API: documents, pages for people, and what looks after the process. */
const BESIDE_THE_API = [
  'health/*path',
  '.well-known/*path',
  'openapi.json',
  'docs',
  'docs/*path',
  'dev/*path',
  'assets/*path',
  'login',
  'login/*path',
  'consent/*path',
  'account',
  'account/*path',
] as const;

/** The whole application, initialised and not yet listening: the same for `main.ts` and for every test. */
export async function createApp(env: Env): Promise<NestFastifyApplication> {
  const logger = pino({ level: env.LOG_LEVEL, serializers: { err: loggableError } }, logStream);
  const late: Partial<Late> = {};
  const http = (httpConfig.from(env) as () => ConfigOf<typeof httpConfig>)();
  const isHttps = http.publicUrl.startsWith('https:');
  const [headers, proxies] = [securityHeaders(isHttps), parseCidrs(http.trustedProxies)];
  const transport: Transport = { headers, proxies, late: () => late as Late };
  const adapter = createAdapter(http, logger, transport);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(env), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new PinoLogger(logger),
  });
  Object.assign(late, {
    limits: app.get(RateLimits),
    problems: app.get(ProblemFilter),
    drain: app.get(Drain),
  } satisfies Late);
  app.setGlobalPrefix('api', { exclude: [...BESIDE_THE_API] });
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  app.get(OAuthRoutes).register(adapter.getInstance<FastifyInstance>());
  await app.init();
  buildDocument(app, http.publicUrl);
  const instance = adapter.getInstance<FastifyInstance>();
  if (http.plainPort)
    besideTls(instance, plainServer(http, transport, logger), { host: http.host, port: http.plainPort });
  await instance.ready();
  return app;
}

function createAdapter(http: ConfigOf<typeof httpConfig>, logger: pino.Logger, transport: Transport): FastifyAdapter {
  const options = serverOptions(transport, logger, http.keepAliveSeconds);
  const https = http.tls && { ...options.http, ...tlsOptions(http.tls) };
  const adapter = new FastifyAdapter({ ...options, ...(https && { https }), skipMiddie: true });
  const instance = adapter.getInstance<FastifyInstance>();
  answerOddRequests(instance.server, transport.headers);
  const allowed = new AllowedMethods(instance);
  registerIngress(instance, transport);
  limitRequestTime(instance);
  registerAccessLog(instance);
  registerBodyParsing(instance);
  registerCors(instance, http.corsOrigins, http.corsCredentials);
  answerUnknownRoutes(adapter, allowed, transport.late);
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
