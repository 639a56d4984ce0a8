import type { FastifyContextConfig } from 'fastify';
import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import { type Limit, parseLimits } from '../config/limits.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A secret is guessed here: the sensitive windows count by address. */
    sensitive?: boolean;
    /** The route's own windows, by address. */
    limits?: readonly Limit[];
    /** Only the address windows count: probes and discovery. */
    addressLimitOnly?: boolean;
    /** Media types a body may have besides application/json. */
    consumes?: readonly string[];
  }
}

/** Adds to a route's Fastify configuration, which hooks see before any guard runs. */
const configure = (config: Partial<FastifyContextConfig>): MethodDecorator => {
  return (target, key, descriptor) => {
    const handler = descriptor.value as object;
    const before = (Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) ?? {}) as object;
    RouteConfig({ ...before, ...config })(target, key, descriptor);
  };
};

/** A secret can be guessed on this route (ASVS 6.3.1): `RATE_LIMIT_SENSITIVE` counts by address, over all such routes. */
export const Sensitive = () => configure({ sensitive: true });

/** Windows of this route alone, by address, as in `5/minute` or `200/day;50/hour`. */
export const RouteLimit = (limits: string) => configure({ limits: parseLimits(limits) });

/** Probes and public documents: no tier but `address`. */
export const AddressLimitOnly = () => configure({ addressLimitOnly: true });

/** Bodies of these media types are read too; any other is 415. */
export const Consumes = (...types: string[]) => configure({ consumes: types });
