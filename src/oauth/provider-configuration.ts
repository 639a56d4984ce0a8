import type { Client, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { DPOP_ALGORITHMS } from '../errors/problem.js';
import { followsFapi } from './client-assertions.js';
import { endpoints } from './endpoints.js';

/**
 * What the certified library does, and what it does not: RFC 9700 and the OAuth 2.1 draft, with nothing to switch on. No implicit
 * grant, no password grant, PKCE by S256 for everybody, refresh tokens that are used once, redirect URIs as they were registered.
 */
export const protocol = {
  responseTypes: ['code'],
  scopes: ['openid', 'offline_access'],
  claims: {
    openid: ['sub', 'auth_time', 'acr', 'amr'],
    profile: ['name', 'preferred_username', 'updated_at'],
    email: ['email', 'email_verified'],
    sid: null,
    iss: null,
  },
  acrValues: ['aal1', 'aal2'],
  subjectTypes: ['public'],
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  enabledJWA: {
    clientAuthSigningAlgValues: ['ES256', 'PS256', 'RS256', 'EdDSA', 'Ed25519'],
    idTokenSigningAlgValues: ['RS256', 'ES256'],
    dPoPSigningAlgValues: [...DPOP_ALGORITHMS],
  },
  extraClientMetadata: { properties: ['api_scopes', 'owned', 'registered'] },
  pkce: { required: () => true },
  allowOmittingSingleRegisteredRedirectUri: false,
  // Whoever has two keys to show has no use for another token; an answer that is lost would lose it (FAPI 2.0, 5.3.2.1).
  rotateRefreshToken: ({ oidc }) => !(oidc.client && followsFapi(oidc.client)),
  // Whoever may refresh gets what to refresh with; that the person is away is said by `offline_access`, and nothing hangs on it.
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  // An application stays connected until somebody disconnects it: to sign out of a browser is another thing.
  expiresWithSession: async () => false,
  revokeGrantPolicy: isEndOfGrant,
  clientBasedCORS: isOriginOf,
  // Nothing of a client is ever fetched: its keys are in its row.
  fetch: () => Promise.reject(new Error('nothing is fetched for a client')),
  routes: endpoints,
} satisfies Configuration;

/** Not with a session, nor with one of its access tokens. The library would end one as well about which nobody has decided anew. */
function isEndOfGrant({ oidc: { route, entities } }: KoaContextWithOIDC): boolean {
  return route !== 'end_session_confirm' && !(route === 'revocation' && entities.AccessToken);
}

/** Of a client without a secret, its own pages; of any, where people's names are read (OAuth 2.1 section 7.4). */
function isOriginOf({ oidc }: KoaContextWithOIDC, origin: string, client: Client): boolean {
  const mayCall = oidc.route === 'userinfo' || client.clientAuthMethod === 'none';
  return mayCall && origin !== 'null' && (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin);
}
