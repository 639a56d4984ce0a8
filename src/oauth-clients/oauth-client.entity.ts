import type { JsonWebKey } from 'node:crypto';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import { type IdentityScope, identityScopes, type Scope, scopes } from '../security/scopes.js';

export const applicationTypes = ['web', 'native'] as const;
export type ApplicationType = (typeof applicationTypes)[number];

export const authMethods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;
export type AuthMethod = (typeof authMethods)[number];

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
export const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials', DEVICE_CODE] as const;
export type GrantType = (typeof grantTypes)[number];

export const clientScopes = [...identityScopes, ...scopes] as const;
export type ClientScope = IdentityScope | Scope;

/** Public keys of a client (RFC 7517). */
export interface ClientKeys {
  readonly keys: readonly JsonWebKey[];
}

/**
 * A program that people let in, or that acts for itself (RFC 7591, 2). Its secrets are rows of their own, so that two can live while
 * one is being replaced.
 */
@Entity('oauth_clients')
@Check('oauth_clients_name', 'char_length(name) BETWEEN 1 AND 100')
@Check('oauth_clients_application_type', `application_type IN ('web', 'native')`)
@Check(
  'oauth_clients_auth_method',
  `auth_method IN ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt')`,
)
@Check(
  'oauth_clients_grant_types',
  `cardinality(grant_types) > 0 AND grant_types <@ ARRAY['authorization_code', 'refresh_token', 'client_credentials',
    'urn:ietf:params:oauth:grant-type:device_code']`,
)
@Check(
  'oauth_clients_refresh',
  `NOT grant_types @> '{refresh_token}'
    OR grant_types && '{authorization_code, urn:ietf:params:oauth:grant-type:device_code}'`,
)
@Check(
  'oauth_clients_itself',
  `NOT grant_types @> '{client_credentials}' OR (auth_method <> 'none' AND owner_id IS NULL)`,
)
@Check(
  'oauth_clients_redirects',
  `(cardinality(redirect_uris) > 0) = (grant_types @> '{authorization_code}') AND cardinality(redirect_uris) <= 20
    AND array_position(redirect_uris, NULL) IS NULL`,
)
@Check(
  'oauth_clients_post_logout',
  `(cardinality(post_logout_redirect_uris) = 0 OR grant_types @> '{authorization_code}')
    AND cardinality(post_logout_redirect_uris) <= 20 AND array_position(post_logout_redirect_uris, NULL) IS NULL`,
)
@Check('oauth_clients_scopes', 'cardinality(scopes) > 0 AND array_position(scopes, NULL) IS NULL')
@Check(
  'oauth_clients_registered',
  `NOT registered OR (owner_id IS NULL AND grant_types <@ '{authorization_code, refresh_token}')`,
)
@Check('oauth_clients_jwks', `(jwks IS NOT NULL) = (auth_method = 'private_key_jwt')`)
@Index('oauth_clients_by_owner', ['ownerId', 'createdAt', 'id'])
@Index('oauth_clients_by_creation', ['createdAt', 'id'])
export class OAuthClient {
  /** The client_id. Triggers make a subject of it, before it is inserted, and remove that after it was deleted. */
  @ForeignKey('subjects', { name: 'oauth_clients_subject' })
  @PrimaryColumn('uuid')
  id: string;

  /** Null where an administrator made it, or it registered itself. */
  @ForeignKey('users', { name: 'oauth_clients_owner', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'owner_id', nullable: true })
  ownerId: string | null;

  @Column('text')
  name: string;

  @Column('text', { name: 'application_type' })
  applicationType: ApplicationType;

  @Column('text', { name: 'auth_method' })
  tokenEndpointAuthMethod: AuthMethod;

  @Column('text', { name: 'redirect_uris', array: true, default: '{}' })
  redirectUris: string[];

  @Column('text', { name: 'post_logout_redirect_uris', array: true, default: '{}' })
  postLogoutRedirectUris: string[];

  @Column('text', { name: 'grant_types', array: true })
  grantTypes: GrantType[];

  @Column('text', { array: true })
  scopes: ClientScope[];

  @Column('json', { nullable: true })
  jwks: ClientKeys | null;

  @Column('boolean', { name: 'dpop_bound', default: false })
  dpopBoundAccessTokens: boolean;

  @Column('boolean', { name: 'require_par', default: false })
  requirePushedAuthorizationRequests: boolean;

  /** It came by itself (RFC 7591): nobody has looked at it. */
  @Column('boolean', { default: false })
  registered: boolean;

  @Column({ type: 'timestamptz', name: 'disabled_at', precision: 3, nullable: true })
  disabledAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt: Date;
}

/** A client before it is stored. */
export type ClientValues = Omit<OAuthClient, 'createdAt' | 'updatedAt'>;
