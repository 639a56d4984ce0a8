import type { FastifyInstance } from 'fastify';

/** One line a request: an allow-list, so that no body, token or query value can reach the log (ASVS 16.2.5). */
export function registerAccessLog(instance: FastifyInstance): void {
  instance.addHook('onResponse', (request, reply, done) => {
    const { credential } = request;
    request.log.info(
      {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions?.url ?? null,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        address: request.ip,
        ...(credential && { kind: credential.kind, subject: credential.subject, credential: credential.credentialId }),
        ...(request.refusal && { code: request.refusal }),
      },
      'request',
    );
    done();
  });
}
