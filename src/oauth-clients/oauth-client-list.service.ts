import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { applyKeyset } from '../database/keyset.js';
import { Cursors } from '../security/cursors.js';
import { type Page, toPage } from '../security/page.js';
import type { Caller } from '../security/principal.js';
import { administers } from './administers.js';
import { OAuthClient } from './oauth-client.entity.js';
import type { ListOAuthClients } from './oauth-clients.dto.js';

const DEFAULT_LIMIT = 20;
const KEYSET = { column: 'c.created_at', id: 'c.id', descending: false };

/** Pages of clients, the oldest first: all of them for an administrator, to everybody else their own. */
@Injectable()
export class OAuthClientListService {
  constructor(
    @InjectRepository(OAuthClient) private readonly clients: Repository<OAuthClient>,
    private readonly cursors: Cursors,
  ) {}

  /** Throws 400 `cursor_invalid`. */
  async list(caller: Caller, { limit, cursor }: ListOAuthClients): Promise<Page<OAuthClient>> {
    const size = Number(limit ?? DEFAULT_LIMIT);
    const all = administers(caller);
    const scope = ['oauth-clients', caller.subject, String(all)];
    const after = this.cursors.open(scope, cursor);
    const query = this.clients.createQueryBuilder('c');
    if (!all) query.where('c.owner_id = :owner', { owner: caller.subject });
    const rows = await applyKeyset(query, KEYSET, after, size).getMany();
    return toPage(rows, size, ({ createdAt, id }) => this.cursors.sign(scope, [createdAt.toISOString(), id]));
  }

  /** Every client of a person; bounded. */
  ownedBy(ownerId: string): Promise<OAuthClient[]> {
    return this.clients.find({ where: { ownerId }, order: { createdAt: 'ASC', id: 'ASC' } });
  }
}
