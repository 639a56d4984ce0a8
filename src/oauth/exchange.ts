import type { IncomingMessage } from 'node:http';
import type { ClientValues } from '../oauth-clients/oauth-client.entity.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../security/principal.js';

/** A request that the library answers, as Fastify and the layers know it. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** A client that registers itself, before it is stored. */
  proposed?: ClientValues;
  /** What went wrong on our side. */
  failure?: unknown;
}

const exchanges = new WeakMap<IncomingMessage, Exchange>();

/** Remembers whose request a raw one is. */
export function beginExchange(request: FastifyRequest, reply: FastifyReply): Exchange {
  const exchange: Exchange = { request, reply };
  exchanges.set(request.raw, exchange);
  return exchange;
}

/** Throws for a request that did not come through Fastify: then no layer has seen it. */
export function exchangeOf(raw: IncomingMessage): Exchange {
  const exchange = exchanges.get(raw);
  if (!exchange) throw new Error('a request has passed by the layers');
  return exchange;
}

/** A client that has proved who it is, and acts on what is its own. */
export const clientActor = (clientId: string | null, { id: requestId }: FastifyRequest): Actor => ({
  kind: 'client',
  subject: clientId,
  credentialId: clientId,
  requestId,
});
