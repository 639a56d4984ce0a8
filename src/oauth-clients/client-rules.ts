import { type InputError, invalidInput } from '../errors/problem.js';
import { isImpersonal } from '../security/scopes.js';
import { keysFault } from './client-keys.js';
import { type ClientValues, DEVICE_CODE, type GrantType, type OAuthClient } from './oauth-client.entity.js';
import { uriFault } from './redirect-uri.js';

/** Whether a client gets tokens that no person has agreed to. */
export const actsForItself = ({ grantTypes }: Pick<OAuthClient, 'grantTypes'>): boolean =>
  grantTypes.includes('client_credentials');

/** Whether a client proves itself by a secret that we make. */
export const hasSecret = ({ tokenEndpointAuthMethod }: Pick<OAuthClient, 'tokenEndpointAuthMethod'>): boolean =>
  tokenEndpointAuthMethod.startsWith('client_secret_');

/** Throws 400 `validation_failed` for members that are valid each and make no client together, naming those that do not fit. */
export function requireConsistent(client: ClientValues): void {
  const errors = [...grantErrors(client), ...uriErrors(client), ...keyErrors(client)];
  if (errors.length > 0) throw invalidInput(errors);
}

function grantErrors(client: ClientValues): InputError[] {
  const { grantTypes, tokenEndpointAuthMethod } = client;
  const has = (...types: GrantType[]) => types.some((type) => grantTypes.includes(type));
  const errors: InputError[] = [];
  if (has('refresh_token') && !has('authorization_code', DEVICE_CODE)) {
    errors.push(error('grantTypes', `Needs authorization_code or ${DEVICE_CODE} beside refresh_token.`));
  }
  if (has('client_credentials') && tokenEndpointAuthMethod === 'none') {
    // RFC 6749 section 4.4: confidential clients alone.
    errors.push(error('tokenEndpointAuthMethod', 'Cannot be none where the client acts for itself.'));
  }
  const personal = client.scopes.filter((scope) => !isImpersonal(scope));
  // With other grants they are for the tokens of people.
  if (has('client_credentials') && grantTypes.length === 1 && personal.length > 0) {
    errors.push(error('scopes', `Needs a person who agrees: ${personal.join(' ')}.`));
  }
  return errors;
}

function uriErrors({ grantTypes, redirectUris, postLogoutRedirectUris, applicationType }: ClientValues): InputError[] {
  const redirected = grantTypes.includes('authorization_code');
  return Object.entries({ redirectUris, postLogoutRedirectUris }).flatMap(([name, uris]) => {
    if (redirected && uris.length === 0 && name === 'redirectUris') return [error(name, 'Needs one at least.')];
    if (!redirected) return uris.length > 0 ? [error(name, 'Goes with the grant type authorization_code alone.')] : [];
    const faults = uris.map((uri) => uriFault(uri, applicationType));
    const first = faults.findIndex((fault) => fault !== null);
    return first < 0 ? [] : [error(name, `Number ${first + 1} ${faults[first]}.`)];
  });
}

function keyErrors({ jwks, tokenEndpointAuthMethod }: ClientValues): InputError[] {
  const signs = tokenEndpointAuthMethod === 'private_key_jwt';
  if (!jwks) return signs ? [error('jwks', 'Goes with private_key_jwt.')] : [];
  const fault = signs ? keysFault(jwks) : 'Goes with private_key_jwt alone.';
  return fault === null ? [] : [error('jwks', fault)];
}

const error = (member: string, detail: string): InputError => ({ pointer: `/${member}`, code: 'inconsistent', detail });
