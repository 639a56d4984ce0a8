import type { KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { HotReads, type SessionStanding } from '../database/hot-reads.js';
import type { Credential } from '../security/principal.js';
import { heldScopes } from '../security/scopes.js';
import type { Authentication } from '../security/step-up.js';
import { AccessTokenFormatError, CLOCK_SKEW, inspectAccessToken } from './access-token-format.js';
import { FIRST_PARTY_CLIENT } from './access-tokens.service.js';
import { SigningKeysService } from './signing-keys.service.js';

interface Claims {
  sub: string;
  sid?: string;
  client_id: string;
  scope: string;
  exp: number;
  iat: number;
  nbf?: number;
  auth_time?: number;
  acr?: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Proves an access token: its form, its signature and claims, then that its session still lives and its owner is active. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(
    keys: SigningKeysService,
    private readonly reads: HotReads,
    @Inject(authConfig.KEY) { issuer, audience, accessTokenSeconds }: ConfigOf<typeof authConfig>,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      algorithms: ['ES256'],
      issuer,
      audience,
      // The raw token passes here before jsonwebtoken sees it, which ignores crit and typ and takes loose encodings.
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, key?: Buffer) => void) => {
        // The types know no KeyObject, which jsonwebtoken takes and which spares it parsing the key at every call.
        verificationKey(keys, token, accessTokenSeconds).then((key) => done(null, key as unknown as Buffer), done);
      },
    });
  }

  /** Null refuses the token: the session has ended, or the owner is gone or not active. */
  async validate(claims: Claims): Promise<Credential | null> {
    const { sub, sid, client_id: clientId, scope, exp, iat, nbf = iat } = claims;
    if (clientId !== FIRST_PARTY_CLIENT || !sid || !UUID.test(sid) || !UUID.test(sub)) return null;
    const standing = await this.reads.sessionStanding(sid, sub);
    if (!standing) return null;
    return {
      kind: 'user',
      subject: sub,
      credentialId: sid,
      clientId,
      roles: standing.roles,
      scopes: heldScopes(scope.split(' '), standing.roles),
      authentication: authenticationOf(claims, standing),
      expiresAt: Math.min(exp * 1000, standing.expiresAt),
      validFrom: (Math.max(iat, nbf) - CLOCK_SKEW) * 1000,
      allowedCidrs: null,
      limits: [],
    };
  }
}

/** A token that does not say when or how somebody was asked is of the weakest and oldest kind. */
const authenticationOf = (
  { acr, auth_time: time = 0 }: Claims,
  { hasSecondFactor }: SessionStanding,
): Authentication => ({
  acr: acr === 'aal2' ? 'aal2' : 'aal1',
  time: time * 1000,
  hasSecondFactor,
});

/** Rejects with a plain sentence, which Passport treats as a refused token, unless the database is at fault. */
async function verificationKey(keys: SigningKeysService, token: string, longestLife: number): Promise<KeyObject> {
  const { kid } = inspectAccessToken(token, longestLife);
  const key = await keys.findPublicKey(kid);
  if (!key) throw new AccessTokenFormatError('unknown key');
  return key;
}
