import type { Client } from 'oidc-provider';
import type { OidcLibrary } from './library.js';

/** Registered as the FAPI 2.0 Security Profile asks: it signs, its requests are pushed, and its tokens are bound to a key. */
export const followsFapi = (client: Client): boolean =>
  client.clientAuthMethod === 'private_key_jwt' &&
  client.requirePushedAuthorizationRequests === true &&
  client.dpopBoundAccessTokens === true;

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
