import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Cidrs } from '../config/address.js';

/** The unspecified address (RFC 6890): nobody's, and in no network that a key or a proxy is given. */
const UNKNOWN = '0.0.0.0';

/**
 * Puts on a request the address that limits, networks of keys and logs go by: of X-Forwarded-For, read from its end, the first
 * that is no configured proxy. Fastify's own reading is not applied to URLs it refuses, and takes any word for an address.
 */
export function setClientAddress(request: FastifyRequest, proxies: Cidrs): void {
  // A socket that was reset has no address any more, and its last requests are still read: they share one.
  if (!(request.ip as string | undefined)) Object.defineProperty(request, 'ip', { value: UNKNOWN });
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
