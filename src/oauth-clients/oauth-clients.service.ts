import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, Repository } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { LIVE_CLIENT } from '../database/standing.js';
import { inTransaction, lock } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import type { Actor, Caller } from '../security/principal.js';
import { Revocations } from '../security/revocations.js';
import { isScope } from '../security/scopes.js';
import { requireHeld } from '../security/scopes.guard.js';
import { requireStepUp, SENSITIVE_CHANGE } from '../security/step-up.js';
import { isUuid } from '../security/uuid.js';
import { administers } from './administers.js';
import { actsForItself, hasSecret, requireConsistent } from './client-rules.js';
import { ClientSecretsService } from './client-secrets.service.js';
import { type ClientValues, OAuthClient } from './oauth-client.entity.js';
import type { CreateOAuthClient, UpdateOAuthClient } from './oauth-clients.dto.js';

/** More than anybody writes programs for; a bound on what one person can make this table hold. */
const MAX_CLIENTS = 20;

export interface ClientWithSecret {
  readonly client: OAuthClient;
  /** Undefined where the client has none. */
  readonly secret: string | undefined;
}

type ClientCheck = (client: ClientValues) => void | Promise<void>;

/**
 * OAuth clients: people's own, and those of administrators, which are nobody's and alone may act for themselves. A client names no
 * scope that whoever names it does not hold, and where it only acts for itself none that is about a person (`profile:*`,
 * `sessions:*`, `keys:*`, `clients:write`, `users:write`, OpenID Connect): nobody would be there to agree.
 */
@Injectable()
export class OAuthClientsService {
  private readonly checks: ClientCheck[] = [];

  constructor(
    @InjectRepository(OAuthClient) private readonly clients: Repository<OAuthClient>,
    private readonly dataSource: DataSource,
    private readonly secrets: ClientSecretsService,
    private readonly audit: AuditService,
    private readonly revocations: Revocations,
  ) {}

  /** Registers who has the last word on a client, new or changed, before it is stored. It refuses by throwing a Problem. */
  onValidate(check: ClientCheck): void {
    this.checks.push(check);
  }

  /** The client with this client_id while it counts: null when it, or its owner, is disabled or gone. */
  async findClient(id: string): Promise<OAuthClient | null> {
    if (!isUuid(id)) return null;
    return this.clients.createQueryBuilder('c').where('c.id = :id', { id }).andWhere(LIVE_CLIENT).getOne();
  }

  /** Whether it is a secret of this client now; of a client that does not count none is. The same work whatever the answer. */
  secretMatches(id: string, secret: string): Promise<boolean> {
    return this.secrets.matches(id, secret);
  }

  /** Throws 400, 403 `scope_not_held` and `role_required`, 409 when there are too many, 401 `step_up_required`. */
  async create(caller: Caller, input: CreateOAuthClient): Promise<ClientWithSecret> {
    requireHeld(caller, input.scopes.filter(isScope));
    const ownerId = administers(caller) ? null : caller.subject;
    const values = { ...defaults, ...input, id: uuid(), ownerId };
    if (actsForItself(values)) {
      if (ownerId !== null) throw new Problem('role_required', { detail: 'A program of yours uses an API key.' });
      requireStepUp(caller, SENSITIVE_CHANGE);
    }
    await this.validate(values);
    return inTransaction(this.dataSource, (manager) => this.insert(manager, caller, values));
  }

  /** What a client that registers itself would be: nobody's, and marked. Throws 400. */
  propose(id: string, input: CreateOAuthClient): ClientValues {
    const values = { ...defaults, ...input, id, ownerId: null, registered: true };
    requireConsistent(values);
    return values;
  }

  /** Stores a proposed client; the secret counts where its method has one. */
  async register(actor: Actor, proposed: ClientValues, secret: string | undefined): Promise<void> {
    await inTransaction(this.dataSource, (manager) => this.insert(manager, actor, proposed, secret));
  }

  /** The client with this id, of nobody; made within the caller's transaction unless it is there. Throws 400. */
  async ensure(manager: EntityManager, actor: Actor, id: string, input: CreateOAuthClient): Promise<void> {
    await lock(manager, `client ${id}`);
    if (await manager.existsBy(OAuthClient, { id })) return;
    const values = { ...defaults, ...input, id, ownerId: null };
    requireConsistent(values);
    await this.insert(manager, actor, values);
  }

  private async insert(
    manager: EntityManager,
    actor: Actor,
    values: ClientValues,
    given?: string,
  ): Promise<ClientWithSecret> {
    const { ownerId, registered } = values;
    const client = manager.create(OAuthClient, values);
    if (ownerId !== null) {
      // One at a time, or a count taken by many at once would let all of them through.
      await lock(manager, `clients of ${ownerId}`);
      if ((await manager.countBy(OAuthClient, { ownerId })) >= MAX_CLIENTS) {
        throw new Problem('conflict', { detail: `You have ${MAX_CLIENTS} clients; delete one first.` });
      }
    }
    await manager.save(OAuthClient, client);
    const secret = hasSecret(client) ? await this.secrets.add(manager, client.id, given) : undefined;
    const details = { ...ownerOf(client), scopes: client.scopes, ...(registered && { registered }) };
    await this.audit.record(manager, actor, 'client.created', client.id, details);
    return { client, secret };
  }

  /** Throws 404. */
  async getClient(caller: Caller, id: string): Promise<OAuthClient> {
    const client = await this.clients.findOneBy({ id, ...managedBy(caller) });
    if (!client) throw new Problem('not_found');
    return client;
  }

  /** Throws 404, 400, 403 `scope_not_held`, 401 `step_up_required`. */
  async update(caller: Caller, id: string, input: UpdateOAuthClient): Promise<OAuthClient> {
    const { status, ...changes } = input;
    if (changes.scopes) requireHeld(caller, changes.scopes.filter(isScope));
    await this.validate({ ...(await this.getClient(caller, id)), ...changes });
    return this.change(caller, id, async (manager, client) => {
      if (isSensitive(client, input)) requireStepUp(caller, SENSITIVE_CHANGE);
      Object.assign(client, changes);
      if (status) client.disabledAt = status === 'active' ? null : (client.disabledAt ?? new Date());
      requireConsistent(client);
      await manager.save(OAuthClient, client);
      await this.audit.record(manager, caller, 'client.changed', id, {
        ...ownerOf(client),
        fields: Object.keys(input),
        status,
      });
      return client;
    });
  }

  /** A new secret; the old one lives for the overlap (seconds). Throws 404, 401 `step_up_required`, 409 `client_without_secret`. */
  async replaceSecret(caller: Caller, id: string, overlapSeconds: number): Promise<ClientWithSecret> {
    return this.change(caller, id, async (manager, client) => {
      requireStepUp(caller, SENSITIVE_CHANGE);
      if (!hasSecret(client)) throw new Problem('client_without_secret');
      const secret = await this.secrets.replace(manager, id, overlapSeconds);
      await this.audit.record(manager, caller, 'client.secret_rotated', id, { ...ownerOf(client), overlapSeconds });
      return { client, secret };
    });
  }

  /** Ends the client with every secret. Throws 404. */
  async delete(caller: Caller, id: string): Promise<void> {
    await this.change(caller, id, async (manager, client) => {
      await manager.delete(OAuthClient, { id });
      await this.audit.record(manager, caller, 'client.deleted', id, ownerOf(client));
    });
  }

  /** Makes every instance forget what it knew of a person's clients, when the caller's transaction commits. */
  async forgetAllOf(manager: EntityManager, ownerId: string): Promise<void> {
    const owned = await manager.find(OAuthClient, { where: { ownerId }, select: { id: true } });
    await this.revocations.record(
      manager,
      owned.map(({ id }) => id),
    );
  }

  /** All of a person's, with every token of theirs. The caller audits. */
  async deleteAllOf(manager: EntityManager, ownerId: string): Promise<void> {
    await this.forgetAllOf(manager, ownerId);
    await manager.delete(OAuthClient, { ownerId });
  }

  /** Before any transaction: whoever has the last word asks the database too, on a connection that many at once would wait for. */
  private async validate(client: ClientValues): Promise<void> {
    requireConsistent(client);
    for (const check of this.checks) await check(client);
  }

  /** Locks a client that the caller manages, changes it, and makes every instance forget what it knew of it. */
  private async change<T>(
    caller: Caller,
    id: string,
    work: (manager: EntityManager, client: OAuthClient) => Promise<T>,
  ): Promise<T> {
    const result = await inTransaction(this.dataSource, async (manager) => {
      const where = { id, ...managedBy(caller) };
      const client = await manager.findOne(OAuthClient, { where, lock: { mode: 'pessimistic_write' } });
      if (!client) throw new Problem('not_found');
      const changed = await work(manager, client);
      await this.revocations.record(manager, [id]);
      return changed;
    });
    this.revocations.applied([id]);
    return result;
  }
}

/** Of RFC 7591 section 2. */
const defaults = {
  applicationType: 'web',
  tokenEndpointAuthMethod: 'client_secret_basic',
  grantTypes: ['authorization_code'],
  redirectUris: [] as string[],
  postLogoutRedirectUris: [] as string[],
  jwks: null,
  dpopBoundAccessTokens: false,
  requirePushedAuthorizationRequests: false,
  registered: false,
  disabledAt: null,
} satisfies Partial<OAuthClient>;

/** Keys are what a client proves itself with. One that acts for itself is a credential, which is renamed and turned off without more. */
const isSensitive = (client: OAuthClient, { status, ...changes }: UpdateOAuthClient): boolean =>
  changes.jwks !== undefined ||
  (actsForItself(client) && (status === 'active' || Object.keys(changes).some((member) => member !== 'name')));

const managedBy = (caller: Caller): { ownerId?: string } => (administers(caller) ? {} : { ownerId: caller.subject });

/** For the copy that a person may ask for, whoever changed their client. */
const ownerOf = ({ ownerId }: OAuthClient): { userId?: string } => (ownerId === null ? {} : { userId: ownerId });
