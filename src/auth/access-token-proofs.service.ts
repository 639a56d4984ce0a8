import type { KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { jwtVerify } from 'jose';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { isUnavailable } from '../errors/translate.js';
import type { Credential } from '../security/principal.js';
import { AccessTokenFormatError, inspectAccessToken } from './access-token-format.js';
import { type AccessTokenClaims, TokenStandings } from './token-standings.service.js';
import { SigningKeysService } from './signing-keys.service.js';

/** What a token says, and what it is worth now. */
export interface ProvedToken {
  readonly claims: AccessTokenClaims;
  readonly credential: Credential;
}

/** Judges access tokens by the one set of rules there is: for the strategy step by step, for others at once. */
@Injectable()
export class AccessTokenProofs {
  constructor(
    private readonly keys: SigningKeysService,
    private readonly standings: TokenStandings,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** The key a token of the right form names. Throws AccessTokenFormatError. */
  async keyOf(token: string): Promise<KeyObject> {
    const { kid } = inspectAccessToken(token, this.config.accessTokenSeconds);
    const key = await this.keys.findPublicKey(kid);
    if (!key) throw new AccessTokenFormatError('unknown key');
    return key;
  }

  /** Null for whatever is no token of ours that counts now. An outage is thrown. */
  async prove(token: string): Promise<ProvedToken | null> {
    const claims = await this.verify(token).catch((error: unknown) => {
      if (isUnavailable(error)) throw error;
      return null;
    });
    const credential = claims && (await this.standings.of(claims));
    return claims && credential ? { claims, credential } : null;
  }

  private async verify(token: string): Promise<AccessTokenClaims> {
    const { issuer, audience } = this.config;
    const key = await this.keyOf(token);
    const { payload } = await jwtVerify<AccessTokenClaims>(token, key, { issuer, audience, algorithms: ['ES256'] });
    return payload;
  }
}
