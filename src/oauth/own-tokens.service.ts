import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { AccessTokenProofs } from '../auth/access-token-proofs.service.js';
import { inTransaction } from '../database/transaction.js';
import { Revocations } from '../security/revocations.js';
import { clientActor } from './exchange.js';

/** What RFC 7662 section 2.2 says of a token. */
type Introspection =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly scope: string;
      readonly client_id: string;
      readonly token_type: 'Bearer' | 'DPoP';
      readonly [claim: string]: unknown;
    };

/** Introspection (RFC 7662) and revocation (RFC 7009) of access tokens, which are JWTs: the library does neither for those. */
@Injectable()
export class OwnTokensService {
  constructor(
    private readonly proofs: AccessTokenProofs,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    private readonly revocations: Revocations,
  ) {}

  /** A client learns about its own tokens; of any other it learns no more than of an invented one. */
  async introspect(clientId: string, token: string): Promise<Introspection> {
    const proved = await this.proofs.prove(token);
    if (!proved || proved.claims.client_id !== clientId) return { active: false };
    const { sub, aud, iss, exp, iat, jti, cnf } = proved.claims;
    return {
      active: true,
      scope: [...proved.credential.scopes].join(' '),
      client_id: clientId,
      token_type: cnf ? 'DPoP' : 'Bearer',
      sub,
      aud,
      iss,
      exp,
      iat,
      jti,
      ...(cnf && { cnf }),
    };
  }

  /** Ends a token of the client at once on every instance. What is no token of its own is left alone without a word (RFC 7009 section 2.2). */
  async revoke(clientId: string, token: string, request: FastifyRequest): Promise<void> {
    const proved = await this.proofs.prove(token);
    if (!proved || proved.claims.client_id !== clientId) return;
    const { jti, exp } = proved.claims;
    await inTransaction(this.dataSource, async (manager) => {
      await manager.query(
        'INSERT INTO oauth_ended_tokens (id, expires_at) VALUES ($1, to_timestamp($2)) ON CONFLICT (id) DO NOTHING',
        [jti, exp],
      );
      await this.audit.record(manager, clientActor(clientId, request), 'access_token.revoked', jti);
      await this.revocations.record(manager, [jti]);
    });
    this.revocations.applied([jti]);
  }
}
