import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import { parseCidrs } from '../config/address.js';
import { authConfig } from '../config/auth.config.js';
import { parseLimits } from '../config/limits.js';
import type { ConfigOf } from '../config/namespace.js';
import { HotReads } from '../database/hot-reads.js';
import type { Credential } from '../security/principal.js';
import { heldScopes } from '../security/scopes.js';
import { parseApiKey } from './api-key-format.js';

/** Proves an API key. A mistyped or invented one fails its checksum here and costs no query. */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(HeaderAPIKeyStrategy, 'api-key') {
  constructor(
    private readonly reads: HotReads,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {
    super({ header: 'X-API-Key', prefix: '' }, false);
  }

  /** Null refuses the key: unknown, rotated out, expired, or its owner is gone or not active. */
  async validate(text: string): Promise<Credential | null> {
    const key = parseApiKey(text);
    if (!key || key.environment !== this.config.keyEnvironment) return null;
    const standing = await this.reads.keyStanding(key.publicId, key.secretHash);
    if (!standing) return null;
    return {
      kind: 'api_key',
      subject: standing.ownerId,
      credentialId: standing.id,
      clientId: null,
      roles: standing.roles,
      scopes: heldScopes(standing.scopes, standing.roles),
      authentication: null,
      expiresAt: standing.expiresAt ?? Number.POSITIVE_INFINITY,
      validFrom: Number.NEGATIVE_INFINITY,
      allowedCidrs: standing.allowedCidrs.length > 0 ? parseCidrs(standing.allowedCidrs) : null,
      tokenId: null,
      confirmation: null,
      limits: standing.rateLimit === null ? [] : parseLimits(standing.rateLimit),
    };
  }
}
