import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { DPOP_ALGORITHMS, type Problem } from './problem.js';
import { RefusalStep } from './refusal-step.js';
import { translate } from './translate.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The code of the problem this request was answered with, for the access line. */
    refusal: string | null;
  }
}

/** How a kind of route words its refusals, where that is no problem document. */
export type Wording = (problem: Problem, request: FastifyRequest) => Worded;

interface Worded {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whose words a refusal of this route is in; a problem document where nothing is said. */
    refusals?: string;
  }
}

/** The one place an error becomes a response: RFC 9457, whoever threw it. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly wordings = new Map<string, { wording: Wording; paths?: RegExp }>();

  /** Where clients find out where tokens come from (RFC 9728 section 5.1). */
  private readonly metadata: string;

  constructor(
    private readonly step: RefusalStep,
    @Inject(authConfig.KEY) { publicUrl }: ConfigOf<typeof authConfig>,
  ) {
    this.metadata = `${publicUrl}/.well-known/oauth-protected-resource/api`;
  }

  /** Registers the words for routes whose `refusals` have this name, and for addresses like theirs that no route has. */
  word(name: string, wording: Wording, paths?: RegExp): void {
    this.wordings.set(name, { wording, ...(paths && { paths }) });
  }

  catch(error: unknown, host: ArgumentsHost): void | Promise<void> {
    const [request, reply] = host.getArgs<[FastifyRequest, FastifyReply]>();
    return this.refuse(error, request, reply);
  }

  /** Answers with the problem of an error; for Nest, and for what the framework refuses before Nest sees it. */
  refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
    const settled = this.step.settle(request, reply, translate(error));
    // At once where nothing has to be waited for: Nest returns the reply, and one that is not sent yet is watched to its last byte.
    if (settled instanceof Promise) return settled.then((problem) => this.answer(problem, request, reply));
    this.answer(settled, request, reply);
  }

  /** A problem in the words of its route, and every header that it needs but a challenge. Notes it for the access line. */
  wordsOf(problem: Problem, request: FastifyRequest, cause = problem.options.cause): Worded {
    request.refusal = problem.code;
    if (problem.status >= 500) {
      request.log.error({ requestId: request.id, err: cause, code: problem.code }, 'request failed');
    }
    const name = request.routeOptions?.config?.refusals;
    const found =
      name === undefined && request.is404
        ? this.wordings.values().find(({ paths }) => paths?.test(request.url))
        : this.wordings.get(name ?? '');
    const worded = found?.wording(problem, request) ?? {
      body: JSON.stringify(problem.document(request.id)),
      headers: {},
    };
    return { body: worded.body, headers: { ...problemHeaders(problem), ...worded.headers } };
  }

  private answer(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
    if (reply.sent) return;
    if (problem.status === 401) void reply.header('www-authenticate', challenge(problem, this.metadata));
    const { body, headers } = this.wordsOf(problem, request);
    // Said of a file that failed before its first byte: the problem is no file to keep.
    reply.removeHeader('content-disposition');
    // Not awaited: Fastify would watch the socket until the last byte is gone, and nobody here has to know.
    void reply.code(problem.status).headers(headers).send(body);
  }
}

function problemHeaders(problem: Problem): Record<string, string> {
  const { headers, retryAfter } = problem.options;
  return {
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    ...(retryAfter === undefined && problem.status !== 503 ? {} : { 'retry-after': String(retryAfter ?? 1) }),
    ...headers,
  };
}

/**
 * RFC 6750 section 3: the error is named when a token was sent, and not when nothing was. A token that is bound to a key comes with a
 * proof of it in place of `Bearer` (RFC 9449 section 7.1).
 */
function challenge({ code }: Problem, metadata: string): string {
  const bearer = `Bearer realm="rampart"${code === 'token_invalid' ? ', error="invalid_token"' : ''}, resource_metadata="${metadata}"`;
  const error = code === 'dpop_proof_invalid' ? 'error="invalid_dpop_proof", ' : '';
  return `${bearer}, DPoP ${error}algs="${DPOP_ALGORITHMS.join(' ')}"`;
}
