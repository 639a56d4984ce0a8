import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { OAuthClientsService } from '../oauth-clients/oauth-clients.service.js';
import { metadataOf } from './client-metadata.js';

/** The library's view of clients: it reads them, and makes those that register themselves. All else is for `/oauth-clients`. */
export class ClientAdapter implements Adapter {
  /** `found` is told of each client that proves nothing of itself, before anything is done for it; `keep` stores a new one. */
  constructor(
    private readonly clients: OAuthClientsService,
    private readonly found: () => Promise<void>,
    private readonly keep: (secret: string | undefined) => Promise<void>,
  ) {}

  async find(id: string): Promise<AdapterPayload | undefined> {
    const client = await this.clients.findClient(id);
    if (!client) return undefined;
    if (client.tokenEndpointAuthMethod === 'none') await this.found();
    return metadataOf(client);
  }

  async upsert(_id: string, { client_secret: secret }: AdapterPayload): Promise<void> {
    await this.keep(secret);
  }

  destroy = readOnly;
  findByUserCode = readOnly;
  findByUid = readOnly;
  consume = readOnly;
  revokeByGrantId = readOnly;
}

function readOnly(): never {
  throw new Error('clients are not changed here');
}
