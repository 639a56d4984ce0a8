import { Inject, Injectable } from '@nestjs/common';
import { SignJWT } from 'jose';
import { v7 as uuid } from 'uuid';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { FIRST_PARTY_CLIENT } from '../security/principal.js';
import { scopesOf } from '../security/scopes.js';
import type { AssuranceLevel } from '../security/step-up.js';
import type { Session } from './session.entity.js';
import type { StartedSession } from './sessions.service.js';
import { SigningKeysService } from './signing-keys.service.js';

/** A response of RFC 6749 section 5.1, in its own names. */
export interface AccessTokenResponse {
  access_token: string;
  token_type: 'Bearer';
  /** Seconds. */
  expires_in: number;
  scope: string;
}

export interface TokenResponse extends AccessTokenResponse {
  refresh_token: string;
}

/** A session, and how its person was asked who they are. */
interface AuthenticatedSession {
  readonly id: string;
  readonly userId: string;
  readonly acr: AssuranceLevel;
  readonly authenticatedAt: Date;
}

/** Issues access tokens of RFC 9068. They carry no roles: what the owner may do is decided when the token is used. */
@Injectable()
export class AccessTokensService {
  constructor(
    private readonly keys: SigningKeysService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** The token response of a session that was just started. */
  respondTo({ session, roles, refreshToken }: StartedSession): Promise<TokenResponse> {
    if (refreshToken === null) throw new Error('a browser keeps no tokens');
    return this.respond(session, roles, refreshToken);
  }

  /** The token response of a first-party session. */
  async respond(
    { id, userId, acr, createdAt: authenticatedAt }: Pick<Session, 'id' | 'userId' | 'acr' | 'createdAt'>,
    roles: readonly string[],
    refresh: string,
  ): Promise<TokenResponse> {
    const { scope, ...access } = await this.issue({ id, userId, acr, authenticatedAt }, roles);
    return { ...access, refresh_token: refresh, scope };
  }

  /** The same without a refresh token. */
  async issue(session: AuthenticatedSession, roles: readonly string[]): Promise<AccessTokenResponse> {
    const scope = [...scopesOf(roles)].join(' ');
    const { kid, privateKey } = await this.keys.current('ES256');
    const issuedAt = Math.floor(Date.now() / 1000);
    const auth_time = Math.floor(session.authenticatedAt.getTime() / 1000);
    const claims = { client_id: FIRST_PARTY_CLIENT, scope, sid: session.id, acr: session.acr, auth_time };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .setIssuer(this.config.issuer)
      .setAudience(this.config.audience)
      .setSubject(session.userId)
      .setJti(uuid())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + this.config.accessTokenSeconds)
      .sign(privateKey);
    const { accessTokenSeconds: expires_in } = this.config;
    return { access_token: token, token_type: 'Bearer', expires_in, scope };
  }
}
