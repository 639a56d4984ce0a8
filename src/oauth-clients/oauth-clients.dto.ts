import {
  field,
  type FieldOptions,
  Flag,
  Integer,
  IntegerParameter,
  isText,
  OneOf,
  SomeOf,
  Text,
} from '../security/fields.js';
import {
  type ApplicationType,
  applicationTypes,
  type AuthMethod,
  authMethods,
  type ClientKeys,
  type ClientScope,
  clientScopes,
  type GrantType,
  grantTypes,
} from './oauth-client.entity.js';

const MAX_OVERLAP_SECONDS = 7 * 86_400;
const MAX_URIS = 20;
const MAX_URI = 2_000;

/** Which of them a client may have depends on its other members. */
const Uris = (options?: FieldOptions) =>
  field(
    {
      name: 'uris',
      detail: `Must be up to ${MAX_URIS} distinct strings of 1 to ${MAX_URI} characters.`,
      accepts: (value) =>
        Array.isArray(value) &&
        value.length <= MAX_URIS &&
        new Set(value).size === value.length &&
        value.every((item) => isText(item, 1, MAX_URI)),
      schema: {
        type: 'array',
        items: { type: 'string', minLength: 1, maxLength: MAX_URI },
        maxItems: MAX_URIS,
        uniqueItems: true,
      },
    },
    options,
  );

const Keys = () =>
  field(
    {
      name: 'jwks',
      detail: 'Must be an object.',
      accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      schema: keysSchema,
    },
    {
      optional: true,
      description: '1 to 5 public keys (RFC 7517): P-256, Ed25519, or RSA of 2048 bits, each with a kid.',
    },
  );
const keysSchema = {
  type: 'object',
  properties: { keys: { type: 'array', items: { type: 'object' }, minItems: 1, maxItems: 5 } },
  required: ['keys'],
};

export class CreateOAuthClient {
  @Text(1, 100)
  name: string;

  @OneOf(applicationTypes, { optional: true, description: 'web unless said.' })
  applicationType?: ApplicationType;

  @OneOf(authMethods, { optional: true, description: 'client_secret_basic unless said.' })
  tokenEndpointAuthMethod?: AuthMethod;

  @SomeOf(grantTypes, { optional: true, description: 'authorization_code unless said.' })
  grantTypes?: GrantType[];

  @Uris({ optional: true, description: 'Compared as text. https, http on this machine, or com.example.app:/callback.' })
  redirectUris?: string[];

  @Uris({ optional: true })
  postLogoutRedirectUris?: string[];

  @SomeOf(clientScopes)
  scopes: ClientScope[];

  @Keys()
  jwks?: ClientKeys;

  @Flag({ optional: true })
  dpopBoundAccessTokens?: boolean;

  @Flag({ optional: true })
  requirePushedAuthorizationRequests?: boolean;
}

/** What a client is does not change: another type, method or grant is another client. */
export class UpdateOAuthClient {
  @Text(1, 100, { optional: true })
  name?: string;

  @Uris({ optional: true })
  redirectUris?: string[];

  @Uris({ optional: true })
  postLogoutRedirectUris?: string[];

  @SomeOf(clientScopes, { optional: true })
  scopes?: ClientScope[];

  @Keys()
  jwks?: ClientKeys;

  @Flag({ optional: true })
  dpopBoundAccessTokens?: boolean;

  @Flag({ optional: true })
  requirePushedAuthorizationRequests?: boolean;

  @OneOf(['active', 'disabled'], { optional: true })
  status?: 'active' | 'disabled';
}

export class ReplaceClientSecret {
  @Integer(0, MAX_OVERLAP_SECONDS, { optional: true, description: 'How long the old secret lives on.' })
  overlapSeconds?: number;
}

export class ListOAuthClients {
  @IntegerParameter(1, 100, { optional: true })
  limit?: string;

  @Text(1, 2048, { optional: true })
  cursor?: string;
}
