import { Inject, Injectable } from '@nestjs/common';
import type { Configuration, JWK, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { SigningKeysService } from '../auth/signing-keys.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { invalidInput } from '../errors/problem.js';
import type { ClientValues } from '../oauth-clients/oauth-client.entity.js';
import { OAuthClientsService } from '../oauth-clients/oauth-clients.service.js';
import { UsedProofs } from '../security/used-proofs.js';
import { Accounts } from './accounts.js';
import { adaptLibrary } from './adapt-library.js';
import { ApiResource } from './api-resource.js';
import { ArtifactAdapter } from './artifact-adapter.js';
import { ArtifactsService } from './artifacts.service.js';
import { ClientAdapter } from './client-adapter.js';
import { requireIssuerAlone, requireSoonOver } from './client-assertions.js';
import { ClientLimits } from './client-limits.js';
import { metadataOf } from './client-metadata.js';
import { exchangeOf } from './exchange.js';
import { features } from './features.js';
import { GrantAdapter } from './grant-adapter.js';
import { GrantsService } from './grants.service.js';
import { type OidcLibrary, oidcLibrary } from './library.js';
import { lifetimes } from './lifetimes.js';
import { OAuthLayers } from './oauth-layers.js';
import { protocol } from './provider-configuration.js';
import { Registration } from './registration.service.js';
import { providerPages } from './provider-pages.js';
import { tokenClaims } from './token-claims.js';

type OIDCContext = KoaContextWithOIDC['oidc'];

/** The authorization server: the certified library around what this backend keeps. Made anew when the signing keys change. */
@Injectable()
export class OAuthProvider {
  private made: { version: string; provider: Promise<Provider> } | undefined;

  constructor(
    private readonly keys: SigningKeysService,
    private readonly artifacts: ArtifactsService,
    private readonly grants: GrantsService,
    private readonly clients: OAuthClientsService,
    private readonly accounts: Accounts,
    private readonly layers: OAuthLayers,
    private readonly limits: ClientLimits,
    private readonly used: UsedProofs,
    private readonly registration: Registration,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** The one whose keys are those of now. Requests that began with another end with it. */
  async current(): Promise<Provider> {
    const { version, keys } = await this.keys.signingSet();
    if (this.made?.version === version) return this.made.provider;
    const provider = oidcLibrary().then((library) => this.make(library, keys));
    this.made = { version, provider };
    provider.catch(() => (this.made = undefined));
    return provider;
  }

  /** Throws 400 `validation_failed` for a client that the library would not take (RFC 7591 section 2). */
  async check(client: ClientValues): Promise<void> {
    const { Client } = (await this.current()) as unknown as { Client: new (metadata: object) => unknown };
    try {
      void new Client(metadataOf(client));
    } catch (error) {
      const { error_description: detail = 'Not valid.' } = error as { error_description?: string };
      throw invalidInput([{ pointer: '', code: 'client_metadata', detail }]);
    }
  }

  private make(library: OidcLibrary, keys: readonly JWK[]): Provider {
    const provider = new library.Provider(this.config.issuer, this.configuration(library, keys));
    const { clients, limits, used } = this;
    adaptLibrary(provider, { library, publicUrl: this.config.publicUrl, clients, limits, used });
    provider.use((ctx, next) => this.layers.handle(ctx as never, next));
    provider.on('server_error', (ctx, error) => (exchangeOf(ctx.req).failure = error));
    return provider;
  }

  private configuration(library: OidcLibrary, keys: readonly JWK[]): Configuration {
    const { errors } = library;
    const api = new ApiResource(this.config.audience, this.config.accessTokenSeconds, errors);
    const { Provider: running } = library;
    const clients = new ClientAdapter(
      this.clients,
      () => this.limits.found(running.ctx),
      (secret) => this.registration.keep(running.ctx, secret),
    );
    return {
      ...protocol,
      ...providerPages,
      ...tokenClaims(library),
      // The library asks this last before the token is used up.
      rotateRefreshToken: (ctx) => {
        api.requireGrantable(ctx);
        return protocol.rotateRefreshToken(ctx);
      },
      ttl: lifetimes(this.config),
      features: features(api, this.registration, this.accounts),
      jwks: { keys },
      adapter: (kind) => {
        if (kind === 'Client') return clients;
        if (kind === 'Grant') return new GrantAdapter(this.grants, library);
        return new ArtifactAdapter(kind, this.artifacts, this.grants, errors);
      },
      findAccount: (_ctx, id) => this.accounts.find(id),
      loadExistingGrant: ({ oidc }) => this.grantFor(oidc),
      assertJwtClientAuthClaimsAndHeader: async (ctx, { aud, exp }, _header, client) => {
        requireSoonOver(errors, exp);
        requireIssuerAlone(errors, this.config.issuer, aud, client);
        await this.limits.authenticated(ctx, client.clientId);
      },
    };
  }

  /** The one that was just given, or what the person has allowed the client before. */
  private async grantFor({ result, provider, account, client }: OIDCContext) {
    const given = result?.consent?.grantId;
    if (given) return provider.Grant.find(given);
    const grant = account && client && (await this.grants.findOf(account.accountId, client.clientId));
    return grant ? provider.Grant.find(grant.id) : undefined;
  }
}
