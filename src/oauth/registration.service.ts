import { Inject, Injectable } from '@nestjs/common';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { v7 as uuid } from 'uuid';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { OAuthClientsService } from '../oauth-clients/oauth-clients.service.js';
import { newOpaqueToken } from '../security/opaque-token.js';
import { nobodyIn } from '../security/principal.js';
import { metadataOf, registeredMetadataOf } from './client-metadata.js';
import { exchangeOf } from './exchange.js';
import { clientOf } from './registration-request.js';

type Feature = NonNullable<NonNullable<Configuration['features']>['registration']>;

/** What of the library's answer is its own. */
interface Issued {
  readonly client_id_issued_at: number;
  readonly client_secret?: string;
}

/** Clients that register themselves (RFC 7591), where an operator has set a token for it. */
@Injectable()
export class Registration {
  private readonly token: string | undefined;

  constructor(
    private readonly clients: OAuthClientsService,
    @Inject(authConfig.KEY) { registrationToken }: ConfigOf<typeof authConfig>,
  ) {
    this.token = registrationToken;
  }

  get isOpen(): boolean {
    return this.token !== undefined;
  }

  feature(): Feature {
    if (this.token === undefined) return { enabled: false };
    return {
      enabled: true,
      initialAccessToken: this.token,
      // Nobody changes a client but those who manage clients.
      issueRegistrationAccessToken: false,
      idFactory: (ctx) => this.propose(ctx),
      secretFactory: () => newOpaqueToken().token,
    };
  }

  /** Stores the client that this request has proposed. Throws 400. */
  async keep(ctx: KoaContextWithOIDC | undefined, secret: string | undefined): Promise<void> {
    if (!ctx) throw new Error('a client is registered by a request');
    const { request, proposed } = exchangeOf(ctx.req);
    if (!proposed) throw new Error('no client was proposed');
    await this.clients.register(nobodyIn(request), proposed, secret);
  }

  /** What was registered, and nothing of what was asked besides (RFC 7591 section 3.2.1). */
  answer(ctx: KoaContextWithOIDC): object {
    const { proposed } = exchangeOf(ctx.req);
    if (!proposed) throw new Error('no client was proposed');
    const { client_id_issued_at, client_secret } = ctx.body as Issued;
    return {
      client_id: proposed.id,
      client_id_issued_at,
      ...(client_secret !== undefined && { client_secret, client_secret_expires_at: 0 }),
      ...registeredMetadataOf(proposed),
    };
  }

  /** Called when the token has been checked, and before anything is read: from here on the library sees our words for the client alone. */
  private propose(ctx: KoaContextWithOIDC): string {
    const id = uuid();
    const body = ctx.oidc.body as Readonly<Record<string, unknown>>;
    const proposed = this.clients.propose(id, clientOf(body, id));
    exchangeOf(ctx.req).proposed = proposed;
    Object.assign(ctx.oidc, { body: metadataOf(proposed) });
    return id;
  }
}
