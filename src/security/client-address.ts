import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Cidrs } from '../config/address.js';

/**
 * Puts on a request the address that limits, networks of keys and logs go by: of X-Forwarded-For, read from its end, the first
 * that is no configured proxy. Fastify's own reading is not applied to URLs it refuses, and takes any word for an address.
 */
export function setClientAddress(request: FastifyRequest, proxies: Cidrs): void {
  const forwarded = request.headers['x-forwarded-for'];
  if (forwarded === undefined || proxies.networks.length === 0) return;
  const address = clientAddress(request.ip, [forwarded].flat().join(), proxies);
  Object.defineProperty(request, 'ip', { value: address });
}

/** What is no address ends the walk: whoever wrote it is the last we know. */
function clientAddress(peer: string, forwarded: string, proxies: Cidrs): string {
  let client = peer;
  for (const part of forwarded.split(',').toReversed()) {
    const before = part.trim();
    if (!proxies.contains(client) || isIP(before) === 0) break;
    client = before;
  }
  return client;
}
