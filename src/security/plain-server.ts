import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify';
import { Problem } from '../errors/problem.js';
import { registerAccessLog } from './access-log.js';
import { registerIngress, type Transport } from './ingress.js';
import { securityHeaders } from './security-headers.js';
import { serverOptions } from './server-options.js';

/**
 * The plain port beside TLS, for people who type an address without a scheme: pages are sent to https (RFC 9110, 15.4.9).
 * Calls of the API are refused and never forwarded: a client that is redirected would go on sending its credentials in clear.
 */
export function plainServer(
  { publicUrl, keepAliveSeconds }: { publicUrl: string; keepAliveSeconds: number },
  transport: Transport,
  logger: FastifyBaseLogger,
): FastifyInstance {
  // RFC 6797 section 7.2: no HSTS on what is not secure.
  const plain = { ...transport, headers: securityHeaders(false) };
  const server: FastifyInstance = fastify(serverOptions(plain, logger, keepAliveSeconds));
  registerIngress(server, plain);
  registerAccessLog(server);
  server.addHook('onRequest', async (request, reply) => {
    if (!isPage(request)) return transport.late().problems.refuse(new Problem('https_required'), request, reply);
    await transport.late().limits.byPrincipal(request, reply, null);
    return reply.redirect(publicUrl + request.url, 308);
  });
  server.setErrorHandler((error, request, reply) => transport.late().problems.refuse(error, request, reply));
  return server;
}

/** Opens one server when the other listens, and closes it first. */
export function besideTls(
  main: FastifyInstance,
  plain: FastifyInstance,
  address: { host: string; port: number },
): void {
  main.addHook('onListen', async () => {
    await plain.listen(address);
  });
  main.addHook('preClose', () => plain.close());
}

/** By the decoded path, which the router has found well-formed. */
function isPage({ method, url }: FastifyRequest): boolean {
  const path = decodeURI(url.split('?', 1)[0] ?? '/');
  return (method === 'GET' || method === 'HEAD') && !/^\/(api|oauth)(\/|$)/.test(path);
}
