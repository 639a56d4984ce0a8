import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

const CODES = {
  request_malformed: [400, 'The request could not be read.'],
  credentials_ambiguous: [400, 'Send one credential, not two.'],
  validation_failed: [400, 'Some of the input is not valid.'],
  authentication_required: [401, 'Send an access token or an API key.'],
  token_invalid: [401, 'The access token is not valid; refresh it or log in again.'],
  key_invalid: [401, 'The API key is not valid.'],
  credentials_invalid: [401, 'The address or the password is wrong.'],
  refresh_token_invalid: [401, 'The refresh token is not valid; log in again.'],
  insufficient_scope: [403, 'The credential lacks a scope.'],
  not_found: [404, 'There is nothing here.'],
  precondition_failed: [412, 'The record has changed; read it again.'],
  precondition_required: [428, 'Send If-Match.'],
  rate_limited: [429, 'Too many requests; wait as long as Retry-After says.'],
  internal_error: [500, 'Something went wrong on our side.'],
} as const;

/** No stack: it is an answer, not a fault. */
export class Refusal extends Error {
  readonly code: keyof typeof CODES;
  readonly details: { readonly scope?: string; readonly retryAfter?: number; readonly pointer?: string };

  constructor(code: keyof typeof CODES, details: Refusal['details'] = {}) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(code);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.details = details;
  }
}

function challenge({ code, details }: Refusal): string {
  if (code === 'token_invalid') return 'Bearer realm="rampart", error="invalid_token"';
  if (code === 'insufficient_scope')
    return `Bearer realm="rampart", error="insufficient_scope", scope="${details.scope}"`;
  return 'Bearer realm="rampart"';
}

/** Answers with a problem document (RFC 9457). */
export function problem(reply: FastifyReply, refusal: Refusal, requestId: string): void {
  const { code, details } = refusal;
  const [status, detail] = CODES[code];
  if (status === 401 || status === 403) void reply.header('www-authenticate', challenge(refusal));
  if (details.retryAfter !== undefined) void reply.header('retry-after', String(details.retryAfter));
  void reply
    .code(status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(
      JSON.stringify({
        type: `urn:rampart:problem:${code}`,
        title: STATUS_CODES[status],
        status,
        detail,
        code,
        requestId,
        ...(details.pointer === undefined
          ? {}
          : { errors: [{ pointer: details.pointer, code: 'invalid', detail: 'Not valid.' }] }),
      }),
    );
}
