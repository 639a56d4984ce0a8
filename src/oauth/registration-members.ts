import { isDeepStrictEqual } from 'node:util';

/** Members of RFC 7591 that are kept, and what they are called here. */
export const KEPT: readonly (readonly [word: string, member: string])[] = [
  ['client_name', 'name'],
  ['application_type', 'applicationType'],
  ['token_endpoint_auth_method', 'tokenEndpointAuthMethod'],
  ['grant_types', 'grantTypes'],
  ['redirect_uris', 'redirectUris'],
  ['post_logout_redirect_uris', 'postLogoutRedirectUris'],
  ['jwks', 'jwks'],
  ['dpop_bound_access_tokens', 'dpopBoundAccessTokens'],
  ['require_pushed_authorization_requests', 'requirePushedAuthorizationRequests'],
];

/** What is the same for every client. */
const FIXED: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['response_types', ['code']],
  ['subject_type', 'public'],
  ['id_token_signed_response_alg', 'RS256'],
  ['require_auth_time', false],
  ['require_signed_request_object', false],
  ['tls_client_certificate_bound_access_tokens', false],
]);

/** Addresses that we would have to call, promises that we do not keep, and keys for what is neither signed nor encrypted. */
const REFUSED =
  /^(?:jwks_uri|sector_identifier_uri|request_uris|initiate_login_uri|(?:back|front)channel_\w+|default_(?:max_age|acr_values)|authorization_details_types|\w+_(?:alg|enc))$/;

/** What is wrong with a member of a registration, as a sentence, or null: to ignore it would break whoever counts on it. */
export function memberFault(word: string, value: unknown): string | null {
  if (!FIXED.has(word)) return REFUSED.test(word) ? 'Is not supported.' : null;
  const only = FIXED.get(word);
  return isDeepStrictEqual(value, only) ? null : `Can be ${[only].flat().join(' ')} alone.`;
}

/** What RFC 7591 calls a member of ours. */
export const wordOf = (member: string): string => KEPT.find(([, ours]) => ours === member)?.[0] ?? member;
