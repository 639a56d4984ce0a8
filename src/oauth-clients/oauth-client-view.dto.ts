import { ApiProperty } from '@nestjs/swagger';
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
  type OAuthClient,
} from './oauth-client.entity.js';

/** A client as those who manage it see it, never a secret: a column added later stays inside until it is added here. */
export class OAuthClientView {
  @ApiProperty({ format: 'uuid', description: 'The client_id.' })
  id: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Null where an administrator made it, or it registered itself.',
  })
  ownerId: string | null;

  @ApiProperty()
  name: string;

  @ApiProperty({ enum: applicationTypes })
  applicationType: ApplicationType;

  @ApiProperty({ enum: authMethods })
  tokenEndpointAuthMethod: AuthMethod;

  @ApiProperty({ type: [String], enum: grantTypes })
  grantTypes: GrantType[];

  @ApiProperty({ type: [String] })
  redirectUris: string[];

  @ApiProperty({ type: [String] })
  postLogoutRedirectUris: string[];

  @ApiProperty({ type: [String], enum: clientScopes })
  scopes: ClientScope[];

  @ApiProperty({ type: Object, nullable: true })
  jwks: ClientKeys | null;

  @ApiProperty()
  dpopBoundAccessTokens: boolean;

  @ApiProperty()
  requirePushedAuthorizationRequests: boolean;

  @ApiProperty({ description: 'Whether it registered itself (RFC 7591).' })
  registered: boolean;

  @ApiProperty({ enum: ['active', 'disabled'] })
  status: 'active' | 'disabled';

  @ApiProperty()
  createdAt: Date;

  @ApiProperty()
  updatedAt: Date;

  static from(client: OAuthClient): OAuthClientView {
    return {
      id: client.id,
      ownerId: client.ownerId,
      name: client.name,
      applicationType: client.applicationType,
      tokenEndpointAuthMethod: client.tokenEndpointAuthMethod,
      grantTypes: client.grantTypes,
      redirectUris: client.redirectUris,
      postLogoutRedirectUris: client.postLogoutRedirectUris,
      scopes: client.scopes,
      jwks: client.jwks,
      dpopBoundAccessTokens: client.dpopBoundAccessTokens,
      requirePushedAuthorizationRequests: client.requirePushedAuthorizationRequests,
      registered: client.registered,
      status: client.disabledAt === null ? 'active' : 'disabled',
      createdAt: client.createdAt,
      updatedAt: client.updatedAt,
    };
  }
}

export class CreatedOAuthClient extends OAuthClientView {
  @ApiProperty({ required: false, description: 'The secret, this one time; absent where the method has none.' })
  clientSecret?: string;
}

export class OAuthClientPage {
  @ApiProperty({ type: [OAuthClientView] })
  items: OAuthClientView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
