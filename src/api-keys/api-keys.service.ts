import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, Repository } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { inTransaction, lock } from '../database/transaction.js';
import { invalidInput, Problem } from '../errors/problem.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import type { Actor, Caller } from '../security/principal.js';
import { Revocations } from '../security/revocations.js';
import type { Scope } from '../security/scopes.js';
import { requireHeld } from '../security/scopes.guard.js';
import { requireStepUp, SENSITIVE_CHANGE } from '../security/step-up.js';
import { createApiKey } from './api-key-format.js';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKey } from './api-key.entity.js';
import type { CreateApiKey, UpdateApiKey } from './api-keys.dto.js';

/** More than anybody manages by hand; a bound on what one person can make this table hold. */
const MAX_KEYS = 100;

/** Keys of their owner. A key is shown once and holds a subset of what its owner may do. */
@Injectable()
export class ApiKeysService {
  constructor(
    @InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    private readonly revocations: Revocations,
    private readonly events: SecurityEventsService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** Throws 403 `scope_not_held`, 400 for an expiry in the past, 409 when there are too many, 401 `step_up_required`. */
  async create(owner: Caller, input: CreateApiKey): Promise<{ entity: ApiKey; key: string }> {
    requireStepUpToWrite(owner, input.scopes);
    return inTransaction(this.dataSource, (manager) => this.insert(manager, owner, input));
  }

  /** The same within the caller's transaction. Who makes it for the owner is the actor. */
  async insert(
    manager: EntityManager,
    owner: Caller,
    input: CreateApiKey,
    actor: Actor = owner,
  ): Promise<{ entity: ApiKey; key: string }> {
    requireHeld(owner, input.scopes);
    const expiresAt = futureDate(input.expiresAt);
    const { key, publicId, secretHash } = createApiKey(this.config.keyEnvironment);
    // One at a time, or a count taken by many at once would let all of them through.
    await lock(manager, `keys of ${owner.subject}`);
    if ((await manager.countBy(ApiKey, { ownerId: owner.subject })) >= MAX_KEYS) {
      throw new Problem('conflict', { detail: `You have ${MAX_KEYS} keys; delete one first.` });
    }
    const { name, scopes, allowedCidrs = [], rateLimit = null } = input;
    const values = { id: uuid(), publicId, ownerId: owner.subject, name, scopes, allowedCidrs, rateLimit, expiresAt };
    const entity = await manager.save(ApiKey, manager.create(ApiKey, { ...values, lastUsedAt: null }));
    await manager.insert(ApiKeySecret, { hash: secretHash, keyId: entity.id });
    await this.audit.record(manager, actor, 'key.created', entity.id, { scopes });
    if (actor === owner) await this.events.record(manager, owner.subject, 'key.created');
    return { entity, key };
  }

  list(owner: Caller): Promise<ApiKey[]> {
    return this.keys.find({ where: { ownerId: owner.subject }, order: { createdAt: 'ASC', id: 'ASC' } });
  }

  /** Throws 404. */
  async getKey(owner: Caller, id: string): Promise<ApiKey> {
    const key = await this.keys.findOneBy({ id, ownerId: owner.subject });
    if (!key) throw new Problem('not_found');
    return key;
  }

  /** Throws 404, 403 `scope_not_held`, 400, 401 `step_up_required`. */
  async update(owner: Caller, id: string, changes: UpdateApiKey): Promise<ApiKey> {
    if (changes.scopes) requireHeld(owner, changes.scopes);
    const { expiresAt, ...rest } = changes;
    return this.change(owner, id, async (manager, key) => {
      requireStepUpToWrite(owner, changes.scopes ?? key.scopes);
      Object.assign(key, rest);
      if (expiresAt !== undefined) key.expiresAt = futureDate(expiresAt);
      await manager.save(ApiKey, key);
      await this.audit.record(manager, owner, 'key.updated', id, { fields: Object.keys(changes) });
      return key;
    });
  }

  /** A new secret for the same key; the old one lives for the overlap. Throws 404, 401 `step_up_required`. */
  async rotate(owner: Caller, id: string, overlapSeconds: number): Promise<{ entity: ApiKey; key: string }> {
    return this.change(owner, id, async (manager, entity) => {
      requireStepUpToWrite(owner, entity.scopes);
      const { key, secretHash } = createApiKey(this.config.keyEnvironment, entity.publicId);
      // Older secrets end with the first rotation after theirs: two live at most.
      await manager.query('DELETE FROM api_key_secrets WHERE key_id = $1 AND (expires_at IS NOT NULL OR $2 = 0)', [
        id,
        overlapSeconds,
      ]);
      await manager.query(
        'UPDATE api_key_secrets SET expires_at = now() + make_interval(secs => $2) WHERE key_id = $1',
        [id, overlapSeconds],
      );
      await manager.insert(ApiKeySecret, { hash: secretHash, keyId: id });
      await this.audit.record(manager, owner, 'key.rotated', id, { overlapSeconds });
      await this.events.record(manager, owner.subject, 'key.rotated');
      return { entity, key };
    });
  }

  /** Ends the key with every secret. Throws 404. */
  async delete(owner: Caller, id: string): Promise<void> {
    await this.change(owner, id, async (manager) => {
      await manager.delete(ApiKey, { id, ownerId: owner.subject });
      await this.audit.record(manager, owner, 'key.deleted', id);
    });
  }

  /** What the key begins with, as far as it is no secret. */
  prefixOf({ publicId }: ApiKey): string {
    return `rmp_${this.config.keyEnvironment}_${publicId}`;
  }

  /** All of a person's. The caller audits, and records the revocation of the user. */
  async deleteAllOf(manager: EntityManager, ownerId: string): Promise<void> {
    await manager.delete(ApiKey, { ownerId });
  }

  /** Locks the owner's key, changes it, and makes every instance forget what it knew of it. */
  private async change<T>(owner: Caller, id: string, work: (m: EntityManager, key: ApiKey) => Promise<T>): Promise<T> {
    const result = await inTransaction(this.dataSource, async (manager) => {
      const where = { id, ownerId: owner.subject };
      const key = await manager.findOne(ApiKey, { where, lock: { mode: 'pessimistic_write' } });
      if (!key) throw new Problem('not_found');
      const changed = await work(manager, key);
      await this.revocations.record(manager, [id]);
      return changed;
    });
    this.revocations.applied([id]);
    return result;
  }
}

/** A key that changes things outlives the session it was made in: who has a second factor shows it, so that a stolen session is not enough. */
function requireStepUpToWrite(owner: Caller, scopes: readonly Scope[]): void {
  if (scopes.some((scope) => scope.endsWith(':write'))) requireStepUp(owner, SENSITIVE_CHANGE);
}

function futureDate(text: string | null | undefined): Date | null {
  if (text === undefined || text === null) return null;
  const date = new Date(text);
  if (date.getTime() > Date.now()) return date;
  throw invalidInput([{ pointer: '/expiresAt', code: 'future', detail: 'Must be in the future.' }]);
}
