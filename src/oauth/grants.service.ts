import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, LessThanOrEqual, MoreThan, Repository } from 'typeorm';
import { NIL } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { inserting } from '../database/insert.js';
import { inTransaction } from '../database/transaction.js';
import { walk } from '../database/walk.js';
import { Problem } from '../errors/problem.js';
import { type Actor, type Caller, SYSTEM } from '../security/principal.js';
import { Revocations } from '../security/revocations.js';
import { COPY, LIST, type NamedGrant, SHOWN } from './named-grant.js';
import { OAuthGrant } from './oauth-grant.entity.js';

/** A grant as the library has it. */
export interface GrantPayload {
  readonly accountId: string;
  readonly clientId: string;
  readonly exp: number;
  readonly [member: string]: unknown;
}

/** A grant was ended while something was added to it. */
export class GrantEnded extends Error {}

/** Whose decision it is, and whether there was no grant before. */
export interface Decision {
  readonly actor: Actor;
  readonly isNew: boolean;
}

/** What people have allowed applications. The end of a grant is the end of every token of it, on every instance within a second. */
@Injectable()
export class GrantsService {
  constructor(
    @InjectRepository(OAuthGrant) private readonly grants: Repository<OAuthGrant>,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    private readonly revocations: Revocations,
  ) {}

  find(id: string): Promise<OAuthGrant | null> {
    return this.grants.findOneBy({ id, expiresAt: MoreThan(new Date()) });
  }

  /** What a person has allowed an application so far. */
  findOf(userId: string, clientId: string): Promise<OAuthGrant | null> {
    return this.grants.findOneBy({ userId, clientId, expiresAt: MoreThan(new Date()) });
  }

  /** The grants of the caller, the newest first; bounded. */
  list({ subject }: Caller): Promise<NamedGrant[]> {
    return this.dataSource.query(LIST, [subject, SHOWN]);
  }

  /** Every grant that is stored of the caller, those that are over too. */
  copyOf({ subject }: Caller): AsyncGenerator<NamedGrant> {
    return walk((last, size) => this.dataSource.query(COPY, [subject, last?.id ?? NIL, size]));
  }

  /**
   * Stores what was allowed. A grant that had less is forgotten by every cache, so that tokens in use hold what they may now. Throws
   * GrantEnded for one that was ended meanwhile, which does not come back: tokens of it would too.
   */
  async save(id: string, payload: GrantPayload, scopes: readonly string[], { actor, isNew }: Decision): Promise<void> {
    const { accountId: userId, clientId, exp } = payload;
    const allowed: object = { scopes: [...scopes], payload, expiresAt: new Date(exp * 1000) };
    await inTransaction(this.dataSource, async (manager) => {
      if (isNew) {
        // One that is over and not swept yet would be in the way.
        await manager.delete(OAuthGrant, { userId, clientId, expiresAt: LessThanOrEqual(new Date()) });
        await inserting(manager, OAuthGrant, { id, userId, clientId, ...allowed }).execute();
      } else if (!(await manager.update(OAuthGrant, { id }, allowed)).affected) throw new GrantEnded();
      await this.audit.record(manager, actor, 'grant.given', id, { userId, clientId, scopes });
      await this.revocations.record(manager, [id]);
    });
    this.revocations.applied([id]);
  }

  async noteUse(id: string): Promise<void> {
    await this.grants.update({ id }, { lastUsedAt: new Date() });
  }

  /** Ends a grant of the caller. Throws 404. */
  async end(caller: Caller, id: string): Promise<void> {
    if (!(await this.delete({ id, userId: caller.subject }, caller))) throw new Problem('not_found');
  }

  /** Ends a grant whose code or token was used twice, or which its application gave back. */
  async revoke(id: string, action: 'grant.ended' | 'grant.reuse_detected', actor: Actor = SYSTEM): Promise<void> {
    await this.delete({ id }, actor, action);
  }

  /** All of a person's. The caller audits, and records the revocation of the user. */
  async deleteAllOf(manager: EntityManager, userId: string): Promise<void> {
    await manager.delete(OAuthGrant, { userId });
  }

  private async delete(
    which: { id: string; userId?: string },
    actor: Actor,
    action: 'grant.ended' | 'grant.reuse_detected' = 'grant.ended',
  ): Promise<boolean> {
    const found = await inTransaction(this.dataSource, async (manager) => {
      const grant = await manager.findOne(OAuthGrant, { where: which, lock: { mode: 'pessimistic_write' } });
      if (!grant) return false;
      const { id, userId, clientId } = grant;
      await manager.delete(OAuthGrant, { id });
      await this.audit.record(manager, actor, action, id, { userId, clientId });
      await this.revocations.record(manager, [id]);
      return true;
    });
    if (found) this.revocations.applied([which.id]);
    return found;
  }
}
