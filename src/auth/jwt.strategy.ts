import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import type { Credential } from '../security/principal.js';
import { AccessTokenProofs } from './access-token-proofs.service.js';
import { type AccessTokenClaims, TokenStandings } from './token-standings.service.js';

/** Proves an access token: its form, its signature and claims, then that what it stands for is still so. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(
    proofs: AccessTokenProofs,
    private readonly standings: TokenStandings,
    @Inject(authConfig.KEY) { issuer, audience }: ConfigOf<typeof authConfig>,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromExtractors([
        ExtractJwt.fromAuthHeaderAsBearerToken(),
        ExtractJwt.fromAuthHeaderWithScheme('DPoP'),
      ]),
      algorithms: ['ES256'],
      issuer,
      audience,
      // The raw token passes here before jsonwebtoken sees it, which ignores crit and typ and takes loose encodings.
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, key?: Buffer) => void) => {
        // The types know no KeyObject, which jsonwebtoken takes and which spares it parsing the key at every call. What is
        // thrown is a plain sentence, which Passport treats as a refused token, unless the database is at fault.
        proofs.keyOf(token).then((key) => done(null, key as unknown as Buffer), done);
      },
    });
  }

  /** Null refuses the token. */
  validate(claims: AccessTokenClaims): Promise<Credential | null> {
    return this.standings.of(claims);
  }
}
