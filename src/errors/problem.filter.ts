import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from './problem.js';
import { RefusalStep } from './refusal-step.js';
import { translate } from './translate.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The code of the problem this request was answered with, for the access line. */
    refusal: string | null;
  }
}

/** The one place an error becomes a response: RFC 9457, whoever threw it. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly step: RefusalStep) {}

  catch(error: unknown, host: ArgumentsHost): void | Promise<void> {
    const [request, reply] = host.getArgs<[FastifyRequest, FastifyReply]>();
    return this.refuse(error, request, reply);
  }

  /** Answers with the problem of an error; for Nest, and for what the framework refuses before Nest sees it. */
  refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
    const settled = this.step.settle(request, reply, translate(error));
    // At once where nothing has to be waited for: Nest returns the reply, and one that is not sent yet is watched to its last byte.
    if (settled instanceof Promise) return settled.then((problem) => answer(problem, request, reply));
    answer(settled, request, reply);
  }
}

function answer(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  if (reply.sent) return;
  request.refusal = problem.code;
  if (problem.status >= 500) {
    request.log.error({ requestId: request.id, err: problem.options.cause, code: problem.code }, 'request failed');
  }
  // Said of a file that failed before its first byte: the problem is no file to keep.
  reply.removeHeader('content-disposition');
  // Not awaited: Fastify would watch the socket until the last byte is gone, and nobody here has to know.
  void reply
    .code(problem.status)
    .headers(problemHeaders(problem))
    .send(JSON.stringify(problem.document(request.id)));
}

function problemHeaders(problem: Problem): Record<string, string> {
  const { headers, retryAfter } = problem.options;
  return {
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    ...(problem.status === 401 ? { 'www-authenticate': challenge(problem) } : {}),
    ...(retryAfter === undefined && problem.status !== 503 ? {} : { 'retry-after': String(retryAfter ?? 1) }),
    ...headers,
  };
}

/** RFC 6750 section 3: the error is named when a token was sent, and not when nothing was. */
function challenge({ code }: Problem): string {
  return code === 'token_invalid' ? 'Bearer realm="rampart", error="invalid_token"' : 'Bearer realm="rampart"';
}
