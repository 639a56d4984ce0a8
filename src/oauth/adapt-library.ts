import type { Provider } from 'oidc-provider';
import { v7 as uuid } from 'uuid';
import type { OAuthClientsService } from '../oauth-clients/oauth-clients.service.js';
import type { UsedProofs } from '../security/used-proofs.js';
import type { ClientLimits } from './client-limits.js';
import type { OidcLibrary } from './library.js';
import { speakOf } from './public-address.js';

type SessionModel = InstanceType<Provider['Session']>;

interface Parts {
  readonly library: OidcLibrary;
  readonly publicUrl: string;
  readonly clients: OAuthClientsService;
  readonly limits: ClientLimits;
  readonly used: UsedProofs;
}

/** Where the library has no setting for what it is to do: of an instance of it alone, and of nothing that is not said here. */
export function adaptLibrary(provider: Provider, { library, publicUrl, clients, limits, used }: Parts): void {
  speakOf(provider, publicUrl);
  // Grants are rows that people see.
  Object.assign(provider.Grant.prototype, { generateTokenId: () => uuid() });
  // The library looks first and stores afterwards: of two at once both would be the first. And it remembers a proof for as long as one
  // of now counts, where one that is dated ahead counts for twice that.
  Object.assign(provider.ReplayDetection, {
    unique: (issuer: string, jti: string, exp: number) =>
      used.take(issuer, jti, 2 * (exp - Math.floor(Date.now() / 1000))),
  });
  // A form without a session is refused: there is nothing to keep, and it would fail to.
  Object.assign(provider.Session.prototype, {
    async persist(this: SessionModel): Promise<unknown> {
      return this.exp === undefined ? undefined : this.save(this.exp - Math.floor(Date.now() / 1000));
    },
  });
  // It would compare with the secret itself.
  Object.assign(provider.Client.prototype, {
    async compareClientSecret(this: { clientId: string }, secret: string): Promise<boolean> {
      const matches = await clients.secretMatches(this.clientId, secret);
      if (matches) await limits.authenticated(library.Provider.ctx, this.clientId);
      return matches;
    },
  });
}
