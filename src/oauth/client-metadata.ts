import type { AdapterPayload, Client } from 'oidc-provider';
import type { ClientValues } from '../oauth-clients/oauth-client.entity.js';
import { isIdentityScope, isScope, type Scope } from '../security/scopes.js';

/** The scopes that are of the API, or of nothing that is known. */
export const apiScopesOf = (scopes: readonly string[]): string[] => scopes.filter((scope) => !isIdentityScope(scope));

/** Those of the API that a client of the library was registered with. */
export const registeredApiScopes = (client: Client): Scope[] =>
  ((client['api_scopes'] as string[] | undefined) ?? []).filter(isScope);

/** Of no standard, and a secret that is none. */
const OURS: ReadonlySet<string> = new Set(['owned', 'registered', 'api_scopes', 'client_secret']);

/**
 * A client in the words of RFC 7591. Secrets are not in it: the library has to see that there is one, and asks
 * `compareClientSecret` about it.
 */
export function metadataOf(client: ClientValues): AdapterPayload {
  const { id, tokenEndpointAuthMethod: method, grantTypes, jwks } = client;
  const openId = client.scopes.filter(isIdentityScope);
  return {
    client_id: id,
    client_name: client.name,
    application_type: client.applicationType,
    token_endpoint_auth_method: method,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    grant_types: grantTypes,
    response_types: grantTypes.includes('authorization_code') ? ['code'] : [],
    // An empty list would stand for no limit. This one is given to nobody who may not refresh.
    scope: (openId.length > 0 ? openId : ['offline_access']).join(' '),
    owned: client.ownerId !== null,
    registered: client.registered,
    api_scopes: apiScopesOf(client.scopes),
    dpop_bound_access_tokens: client.dpopBoundAccessTokens,
    require_pushed_authorization_requests: client.requirePushedAuthorizationRequests,
    ...(method.startsWith('client_secret') && { client_secret: 'kept as a hash' }),
    ...(jwks && { jwks }),
  };
}

/** The same as whoever registered it is told. */
export function registeredMetadataOf(client: ClientValues): Record<string, unknown> {
  const entries = Object.entries(metadataOf(client)).filter(([name]) => !OURS.has(name));
  return { ...Object.fromEntries(entries), scope: client.scopes.join(' ') };
}
