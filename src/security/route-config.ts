import type { FastifyContextConfig } from 'fastify';
import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import type { Limit } from '../config/limits.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A secret is guessed here: the sensitive windows count by address. */
    sensitive?: boolean;
    /** The route's own windows, by address. */
    limits?: readonly Limit[];
    /** Only the address windows count: probes and discovery. */
    addressLimitOnly?: boolean;
    /** The query is the answer of another server: what we do not know in it is ignored. */
    foreignQuery?: boolean;
    /** Media types a body may have besides application/json. */
    consumes?: readonly string[];
  }
}

/** Adds to a route's Fastify configuration, which hooks see before any guard runs. */
export const configure = (config: Partial<FastifyContextConfig>): MethodDecorator => {
  return (target, key, descriptor) => {
    const handler = descriptor.value as object;
    const before = (Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) ?? {}) as object;
    RouteConfig({ ...before, ...config })(target, key, descriptor);
  };
};
