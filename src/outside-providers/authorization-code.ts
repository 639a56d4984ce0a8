import type { Configuration, TokenEndpointResponse, TokenEndpointResponseHelpers } from 'openid-client';
import type { OutsideProviderSettings } from '../config/outside-providers.js';
import { Problem } from '../errors/problem.js';
import { type ClientLibrary, clientLibrary } from './library.js';
import { type FlowSecrets, SignInDeclined } from './outside-provider.js';

export type Tokens = TokenEndpointResponse & TokenEndpointResponseHelpers;

/** Who we are to a provider, in the way it says it can read (RFC 6749 section 2.3.1): by the header where it says nothing. */
export function authenticationOf(library: ClientLibrary, { clientSecret }: OutsideProviderSettings) {
  const [inBody, inHeader] = [library.ClientSecretPost(clientSecret), library.ClientSecretBasic(clientSecret)];
  return ((server, client, body, headers) => {
    const isInBody = server.token_endpoint_auth_methods_supported?.includes('client_secret_post');
    (isInBody ? inBody : inHeader)(server, client, body, headers);
  }) satisfies ReturnType<ClientLibrary['ClientSecretPost']>;
}

/** Without a nonce where no ID token will have it. */
type Secrets = Omit<FlowSecrets, 'nonce'> & { readonly nonce: string | null };

/** Where the browser goes: a code, for whoever has the verifier alone (RFC 7636, RFC 9700 section 2.1.1). */
export async function askForCode(
  config: Configuration,
  redirectUri: string,
  { scopes }: OutsideProviderSettings,
  { state, nonce, verifier }: Secrets,
): Promise<URL> {
  const library = await clientLibrary();
  return library.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: scopes.join(' '),
    state,
    ...(nonce !== null && { nonce }),
    code_challenge: await library.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
}

/** Exchanges the code of an answer. The library compares the state, the issuer (RFC 9207), and of an ID token all there is. */
export async function redeemCode(
  config: Configuration,
  callback: URL,
  { state, nonce, verifier }: Secrets,
): Promise<Tokens> {
  const library = await clientLibrary();
  const checks = { expectedState: state, pkceCodeVerifier: verifier, ...(nonce !== null && { expectedNonce: nonce }) };
  return library.authorizationCodeGrant(config, callback, checks).catch((error: unknown) => {
    throw problemOf(error);
  });
}

/** What another server says where it does not take the code; anything else is between it and us, and for an operator to see. */
const CODE_REFUSED = 'invalid_grant';

/** A failure as it may be shown. `access_denied` is a person's own choice. */
export function problemOf(error: unknown): Problem | SignInDeclined {
  const known = problemIn(error);
  if (known) return known;
  const { name, error: code, status } = (error ?? {}) as { name?: string; error?: string; status?: number };
  if (name === 'AuthorizationResponseError' && code === 'access_denied') {
    return new SignInDeclined('declined', { cause: error });
  }
  if (name === 'ResponseBodyError' && code !== CODE_REFUSED && status !== undefined) {
    return new Problem('provider_unavailable', { cause: error });
  }
  return new Problem('outside_login_invalid', { cause: error });
}

/** The library wraps what its `fetch` throws. */
function problemIn(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  return error instanceof Error && error.cause !== undefined ? problemIn(error.cause) : null;
}
