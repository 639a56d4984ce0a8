import { STATUS_CODES } from 'node:http';

const CODES = {
  request_malformed: [400, 'The request could not be parsed.'],
  url_malformed: [400, 'The URL is not valid percent-encoded UTF-8.'],
  body_malformed: [400, 'The body is not valid JSON in UTF-8.'],
  body_forbidden_member: [400, 'The body has a member that is not allowed in any document.'],
  body_invalid_string: [400, 'The body has a string with U+0000 or a lone surrogate.'],
  body_invalid_number: [400, 'The body has a number that cannot be kept exactly.'],
  validation_failed: [400, 'Some of the input is not valid; see errors.'],
  cursor_invalid: [400, 'The cursor does not belong to this list; start again without it.'],
  credentials_ambiguous: [400, 'Send one credential: an API key or a bearer token, not both.'],
  idempotency_key_invalid: [400, 'Idempotency-Key must be 1 to 255 visible ASCII characters.'],
  authentication_required: [401, 'Send an API key in X-API-Key or a bearer token in Authorization.'],
  credentials_invalid: [401, 'The e-mail address or the password is wrong.'],
  token_invalid: [401, 'The access token is not valid; refresh it or log in again.'],
  key_invalid: [401, 'The API key is not valid.'],
  refresh_token_invalid: [401, 'The refresh token is not valid; log in again.'],
  insufficient_scope: [403, 'The credential lacks a scope this route needs.'],
  not_found: [404, 'There is nothing here.'],
  request_timeout: [408, 'The request took too long to arrive.'],
  conflict: [409, 'The change conflicts with what is stored.'],
  precondition_failed: [412, 'The record has changed; read it again and use its new ETag.'],
  body_too_large: [413, 'The body is larger than 100 kB.'],
  url_too_long: [414, 'The URL is too long.'],
  media_type_unsupported: [415, 'Send application/json.'],
  precondition_required: [428, 'Send If-Match with the ETag of the record.'],
  rate_limited: [429, 'Too many requests; wait as long as Retry-After says.'],
  headers_too_large: [431, 'The request headers are too large.'],
  internal_error: [500, 'Something went wrong on our side.'],
  busy: [503, 'Too much work is waiting; try again shortly.'],
  unavailable: [503, 'The service cannot answer now; try again shortly.'],
} as const;

export type Code = keyof typeof CODES;

export interface InputError {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

interface Details {
  readonly detail?: string;
  readonly errors?: readonly InputError[];
  readonly scope?: string;
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** No stack: it is an answer, not a fault, and walking one costs more than the rest of a refusal. */
export class Refusal extends Error {
  readonly code: Code;
  readonly details: Details;

  constructor(code: Code, details: Details = {}) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(code);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return CODES[this.code][0];
  }
}

export const invalid = (errors: readonly InputError[]): Refusal =>
  new Refusal('validation_failed', { errors: errors.slice(0, 20) });

export const insufficientScope = (scope: string): Refusal =>
  new Refusal('insufficient_scope', { scope, detail: `The credential lacks a scope this needs: ${scope}.` });

/** RFC 9457. */
export function documentOf({ code, details }: Refusal, requestId: string): string {
  const [status, sentence] = CODES[code];
  const { detail = sentence, errors } = details;
  const type = `urn:rampart:problem:${code}`;
  return JSON.stringify({ type, title: STATUS_CODES[status], status, detail, code, requestId, errors });
}

export function headersOf({ code, details, status }: Refusal): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
  };
  if (status === 401 || details.scope !== undefined) headers['www-authenticate'] = challenge(code, details.scope);
  if (details.retryAfter !== undefined || status === 503) headers['retry-after'] = String(details.retryAfter ?? 1);
  return details.headers ? { ...headers, ...details.headers } : headers;
}

function challenge(code: Code, scope: string | undefined): string {
  if (scope !== undefined) return `Bearer realm="rampart", error="insufficient_scope", scope="${scope}"`;
  return code === 'token_invalid' ? 'Bearer realm="rampart", error="invalid_token"' : 'Bearer realm="rampart"';
}

const FASTIFY: Readonly<Record<string, Code>> = {
  FST_ERR_BAD_URL: 'url_malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'url_too_long',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
};
const NOT_NOW = /^(08|40|53|57P|58|25006|25P0[34]|55P03|57014|ECONN|ENOTFOUND|ETIMEDOUT|EPIPE|EAI_AGAIN|ENOENT)/;
const LOST = /^(Connection terminated|timeout (expired|exceeded when trying)|Client (has encountered|was closed))/;

/** Any thrown value; only codes decide, nothing of its text survives. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const {
    code = '',
    statusCode = 500,
    message = '',
  } = error as { code?: string; statusCode?: number; message?: string };
  const known = FASTIFY[code];
  if (known) return new Refusal(known);
  if (statusCode < 500) return new Refusal('request_malformed');
  if (code === '23503') return new Refusal('conflict');
  return new Refusal(NOT_NOW.test(code) || LOST.test(message) ? 'unavailable' : 'internal_error');
}
