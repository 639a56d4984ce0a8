import type { ErrorCode } from '../errors/error-codes.js';
import type { Problem } from '../errors/problem.js';

/** An error of RFC 6749 section 5.2. */
export interface OAuthError {
  readonly error: string;
  readonly error_description: string;
}

const NAMES: Partial<Record<ErrorCode, string>> = {
  rate_limited: 'temporarily_unavailable',
  unavailable: 'temporarily_unavailable',
  busy: 'temporarily_unavailable',
  internal_error: 'server_error',
};

/** A refusal of the layers in the words of OAuth, for clients that read no problem documents. */
export function oauthErrorOf(problem: Problem): OAuthError {
  return { error: NAMES[problem.code] ?? 'invalid_request', error_description: problem.document('').detail };
}
