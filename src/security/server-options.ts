import type { Socket } from 'node:net';
import { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { answerClientError } from '../errors/client-error.js';
import { setClientAddress } from './client-address.js';
import { clientTimeouts } from './client-timeouts.js';
import type { Transport } from './ingress.js';
import { newRequestId } from './request-id.js';
import { originForm } from './request-target.js';

const BODY_LIMIT_BYTES = 100 * 1024;
const HEADER_LIMIT_BYTES = 16 * 1024;
const PARAMETER_LIMIT = 200;

/** How every server of the process reads requests: its limits, timeouts, and the answers to what no route ever sees. */
export function serverOptions(
  { headers, proxies, late }: Transport,
  logger: FastifyBaseLogger,
  keepAliveSeconds: number,
) {
  const { http: httpTimeouts, ...timeouts } = clientTimeouts(keepAliveSeconds);
  return {
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // A line says itself which request it is about: a logger for each would cost more than the line.
    childLoggerFactory: (parent: FastifyBaseLogger) => parent,
    bodyLimit: BODY_LIMIT_BYTES,
    ...timeouts,
    genReqId: newRequestId,
    rewriteUrl: ({ url = '/' }: { url?: string }) => originForm(url),
    routerOptions: { maxParamLength: PARAMETER_LIMIT },
    // Node would answer a missing Host itself, without a document: the first hook does.
    http: { ...httpTimeouts, maxHeaderSize: HEADER_LIMIT_BYTES, requireHostHeader: false },
    forceCloseConnections: 'idle' as const,
    // Requests that are on their way are answered; they are told to come back on another connection.
    return503OnClosing: false,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      setClientAddress(request, proxies);
      void reply.headers(headers).header('x-request-id', request.id);
      void late().problems.refuse(error, request, reply);
    },
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => answerClientError(error, socket, headers),
  };
}
