import { Injectable } from '@nestjs/common';
import { HotReads, type SessionStanding } from '../database/hot-reads.js';
import { type Credential, FIRST_PARTY_CLIENT } from '../security/principal.js';
import { heldScopes, scopes as everyScope } from '../security/scopes.js';
import type { Authentication } from '../security/step-up.js';
import { isUuid } from '../security/uuid.js';
import { CLOCK_SKEW } from './access-token-format.js';

/** What an access token says (RFC 9068), once its signature was verified. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly client_id: string;
  readonly scope: string;
  readonly exp: number;
  readonly iat: number;
  readonly jti: string;
  readonly nbf?: number;
  /** The session of a person. */
  readonly sid?: string;
  /** What a person has allowed a client. */
  readonly grant_id?: string;
  readonly auth_time?: number;
  readonly acr?: string;
  /** RFC 9449 section 6.1. */
  readonly cnf?: { readonly jkt?: string };
  readonly [claim: string]: unknown;
}

/** Whose token it is and until when, as the database has it. */
type Standing = Pick<Credential, 'kind' | 'credentialId' | 'roles' | 'scopes' | 'authentication'> & {
  readonly expiresAt: number;
};

/** What a verified token is worth now: its session, grant or client must still be there, and whoever it is for must be active. */
@Injectable()
export class TokenStandings {
  constructor(private readonly reads: HotReads) {}

  /** Null refuses the token. */
  async of(claims: AccessTokenClaims): Promise<Credential | null> {
    const { sub, client_id: clientId, exp, iat, jti, nbf = iat, cnf } = claims;
    const standing = await this.standingOf(claims);
    if (!standing) return null;
    return {
      ...standing,
      subject: sub,
      clientId,
      tokenId: jti,
      confirmation: cnf?.jkt ?? null,
      expiresAt: Math.min(exp * 1000, standing.expiresAt),
      validFrom: (Math.max(iat, nbf) - CLOCK_SKEW) * 1000,
      allowedCidrs: null,
      limits: [],
    };
  }

  private standingOf(claims: AccessTokenClaims): Promise<Standing | null> | null {
    const { sub, client_id: clientId, sid, grant_id: grantId } = claims;
    if (!isUuid(sub)) return null;
    if (clientId === FIRST_PARTY_CLIENT) return sid && isUuid(sid) ? this.ofSession(claims, sid) : null;
    if (!isUuid(clientId) || !isUuid(claims.jti) || sid) return null;
    if (grantId !== undefined) return isUuid(grantId) ? this.ofGrant(claims, grantId) : null;
    return sub === clientId ? this.ofClient(claims) : null;
  }

  private async ofSession(claims: AccessTokenClaims, sid: string): Promise<Standing | null> {
    const found = await this.reads.sessionStanding(sid, claims.sub);
    return (
      found && {
        kind: 'user',
        credentialId: sid,
        roles: found.roles,
        scopes: heldScopes(claims.scope.split(' '), found.roles),
        authentication: authenticationOf(claims, found),
        expiresAt: found.expiresAt,
      }
    );
  }

  /** Never more than was allowed, nor than the client is registered with and the person holds now. */
  private async ofGrant({ sub, client_id, scope, jti }: AccessTokenClaims, grantId: string): Promise<Standing | null> {
    const found = await this.reads.grantStanding(grantId, sub, client_id, jti);
    if (!found) return null;
    const { roles, scopes, registered, expiresAt } = found;
    const allowed = new Set(scopes).intersection(new Set(registered));
    const granted = scope.split(' ').filter((each) => allowed.has(each));
    const held = heldScopes(granted, roles);
    return { kind: 'user', credentialId: grantId, roles, scopes: held, authentication: null, expiresAt };
  }

  /** A client for itself holds what it is registered with now. */
  private async ofClient({ client_id, scope, jti }: AccessTokenClaims): Promise<Standing | null> {
    const found = await this.reads.clientStanding(client_id, jti);
    if (!found) return null;
    const registered = new Set(found.scopes).intersection(new Set<string>(everyScope));
    const scopes = registered.intersection(new Set(scope.split(' ')));
    return {
      kind: 'client',
      credentialId: client_id,
      roles: [],
      scopes,
      authentication: null,
      expiresAt: Number.POSITIVE_INFINITY,
    };
  }
}

/** A token that does not say when or how somebody was asked is of the weakest and oldest kind. */
const authenticationOf = (
  { acr, auth_time: time = 0 }: AccessTokenClaims,
  { hasSecondFactor }: SessionStanding,
): Authentication => ({
  acr: acr === 'aal2' ? 'aal2' : 'aal1',
  time: time * 1000,
  hasSecondFactor,
});
