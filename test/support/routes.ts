import diagnostics from 'node:diagnostics_channel';
import type { FastifyContextConfig, FastifyInstance } from 'fastify';
import { OpenApiDocument } from '../../src/docs/openapi.js';
import { RouteDeclarations } from '../../src/security/route-declarations.js';
import type { RoutePolicy } from '../../src/security/route-policy.js';
import { startApp, type TestApp } from './app.js';

/** A route as Fastify was told of it: `/api/v1/data/:id`, with what hooks see of it. */
export interface RegisteredRoute {
  readonly method: string;
  readonly path: string;
  readonly config: Partial<FastifyContextConfig>;
}

export interface DeclaredRoute extends RegisteredRoute {
  readonly policy: RoutePolicy;
}

/** The application with the list of what it registers: Fastify names each new instance on a channel, before any route. */
export async function startAppWithRoutes(
  settings: NodeJS.ProcessEnv = {},
): Promise<TestApp & { readonly registered: readonly RegisteredRoute[] }> {
  const registered: RegisteredRoute[] = [];
  const watch = (message: unknown): void => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ method, url, config = {} }) => {
      for (const each of [method].flat()) registered.push({ method: each, path: url, config });
    });
  };
  diagnostics.subscribe('fastify.initialization', watch);
  try {
    return { ...(await startApp(settings)), registered };
  } finally {
    diagnostics.unsubscribe('fastify.initialization', watch);
  }
}

/** Fastify adds a HEAD beside each GET, which runs the same handler behind the same guards. */
export const isHeadOfGet = ({ method, path }: RegisteredRoute, all: readonly RegisteredRoute[]): boolean =>
  method === 'HEAD' && all.some((route) => route.method === 'GET' && route.path === path);

/** Pages for people and the endpoints of OAuth: public, described by standards or by nobody, and swept by specs of their own. */
export const isBesideTheApi = ({ config }: RegisteredRoute): boolean => config.refusals !== undefined;

/** The routes of the API with the policy the guards ask. Throws for a route that no controller declares. */
export function declaredRoutes({ nest }: TestApp, registered: readonly RegisteredRoute[]): DeclaredRoute[] {
  const policies = nest.get(RouteDeclarations).policies();
  const operations = operationIds(nest.get(OpenApiDocument).document?.paths ?? {});
  return registered
    .filter((route) => !isBesideTheApi(route) && !isHeadOfGet(route, registered))
    .map((route) => {
      const policy = policies.get(operations.get(`${route.method} ${route.path}`) ?? '');
      if (!policy) throw new Error(`${route.method} ${route.path} is registered, but no controller declares it`);
      return { ...route, policy };
    });
}

/** `Controller.method` by `GET /api/v1/data/:id`. */
export function operationIds(paths: object): Map<string, string> {
  const entries = Object.entries(paths as Record<string, Record<string, { operationId?: string }>>);
  return new Map(
    entries.flatMap(([path, operations]) =>
      Object.entries(operations).map(
        ([method, { operationId = '' }]) =>
          [`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`, operationId] as const,
      ),
    ),
  );
}
