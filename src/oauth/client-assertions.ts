import type { Client } from 'oidc-provider';
import type { OidcLibrary } from './library.js';

/** Registered as the FAPI 2.0 Security Profile asks: it signs, its requests are pushed, and its tokens are bound to a key. */
export const followsFapi = (client: Client): boolean =>
  client.clientAuthMethod === 'private_key_jwt' &&
  client.requirePushedAuthorizationRequests === true &&
  client.dpopBoundAccessTokens === true;

/** More than anybody needs; each is remembered until then. In seconds. */
const LONGEST_LIFE = 3_600;

/** RFC 7523 section 3: one may be refused whose end is unreasonably far away. Throws `invalid_client`. */
export function requireSoonOver(errors: OidcLibrary['errors'], exp: unknown): void {
  if (Number(exp) > Date.now() / 1000 + LONGEST_LIFE)
    throw new errors.InvalidClientAuth(`expiration (exp) must be within ${LONGEST_LIFE} seconds`);
}

/**
 * Such a client signs for the issuer and for nobody beside it (FAPI 2.0 Security Profile section 5.3.3.1): another server could have
 * named an endpoint of this one as its own, and would pass the assertion on. Throws `invalid_client`.
 */
export function requireIssuerAlone(
  errors: OidcLibrary['errors'],
  issuer: string,
  audience: unknown,
  client: Client,
): void {
  if (followsFapi(client) && audience !== issuer) {
    throw new errors.InvalidClientAuth('audience (aud) must equal the issuer identifier');
  }
}
