import type { InputError, Problem } from '../errors/problem.js';
import { type OAuthError, oauthErrorOf } from './oauth-error.js';
import { wordOf } from './registration-members.js';

/** A refusal in the words of RFC 7591 section 3.2.2. */
export function registrationErrorOf(problem: Problem): OAuthError {
  const [first] = problem.options.errors ?? [];
  if (problem.code !== 'validation_failed' || !first) return oauthErrorOf(problem);
  const isRedirect = first.pointer === '/redirectUris';
  return {
    error: isRedirect ? 'invalid_redirect_uri' : 'invalid_client_metadata',
    error_description: sentenceOf(first),
  };
}

const sentenceOf = ({ pointer, detail }: InputError): string => `${wordOf(pointer.slice(1))}: ${detail}`;
