import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, Repository } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { ChallengesService } from '../challenges/challenges.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { inserting } from '../database/insert.js';
import { inTransaction, violates } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import type { Device } from '../security/device.js';
import type { Actor, Caller } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';
import { WaysIn } from '../users/ways-in.js';
import { OutsideAccount } from './outside-account.entity.js';
import type { OutsideProvider } from './outside-provider.js';
import { OutsideProviders } from './outside-providers.service.js';

/** Its name among the ways in. */
export const OUTSIDE = 'outside account';

/** What of a provider a person is linked with. */
type Source = Pick<OutsideProvider, 'name' | 'issuer'>;

/** The accounts that people sign in with elsewhere. Every change is audited, and told to the owner of the account. */
@Injectable()
export class OutsideAccounts {
  constructor(
    @InjectRepository(OutsideAccount) private readonly accounts: Repository<OutsideAccount>,
    private readonly dataSource: DataSource,
    private readonly providers: OutsideProviders,
    private readonly users: UsersService,
    private readonly waysIn: WaysIn,
    private readonly challenges: ChallengesService,
    private readonly audit: AuditService,
    private readonly events: SecurityEventsService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** Whose it is; null for nobody's, and for one that another issuer had under this name. */
  find({ name: provider, issuer }: Source, subject: string): Promise<OutsideAccount | null> {
    return this.accounts.findOneBy({ provider, issuer, subject });
  }

  /** Of one person, in the order in which they were linked; at most one of each provider. */
  listOf(userId: string): Promise<OutsideAccount[]> {
    return this.accounts.find({ where: { userId }, order: { createdAt: 'ASC', id: 'ASC' } });
  }

  /** Notes that somebody comes in with it. Throws 400 `outside_login_invalid` when it was unlinked meanwhile. */
  async use(manager: EntityManager, id: string): Promise<void> {
    const { affected } = await manager.update(OutsideAccount, { id }, { lastUsedAt: new Date() });
    if (!affected) throw new Problem('outside_login_invalid');
  }

  /** Links it to the account of whoever is signed in. Throws 409 `outside_account_taken` where it is somebody's, or they have another one there. */
  async link(owner: Caller, source: Source, subject: string, device: Device): Promise<void> {
    const before = await this.find(source, subject);
    // A second time, as by two tabs, changes nothing.
    if (before?.userId === owner.subject) return;
    await inTransaction(this.dataSource, async (manager) => {
      if (!(await this.users.lockActive(manager, owner.subject))) throw new Problem('not_found');
      if (this.config.requireVerifiedEmail) await this.detachUnproved(manager, source, subject);
      await this.attach(manager, owner, owner.subject, source, subject);
      await this.events.record(manager, owner.subject, 'outside_account.linked', device);
    });
  }

  /** From an account that nobody can enter yet: that this one hangs on it would tell that its address was free. */
  private async detachUnproved(manager: EntityManager, { name, issuer }: Source, subject: string): Promise<void> {
    await manager.query(
      `DELETE FROM outside_accounts o USING users u WHERE o.provider = $1 AND o.issuer = $2 AND o.subject = $3
         AND u.id = o.user_id AND u.email_verified_at IS NULL`,
      [name, issuer, subject],
    );
  }

  isLinked(manager: EntityManager, userId: string, { name: provider }: Source): Promise<boolean> {
    return manager.existsBy(OutsideAccount, { userId, provider });
  }

  /** Within the transaction in which it is decided whose it is. Throws 409 `outside_account_taken`. */
  async attach(
    manager: EntityManager,
    actor: Actor,
    userId: string,
    { name: provider, issuer }: Source,
    subject: string,
  ): Promise<void> {
    const row = { id: uuid(), userId, provider, issuer, subject, lastUsedAt: null };
    await inserting(manager, OutsideAccount, row).execute().catch(rejectTaken);
    await this.audit.record(manager, actor, 'outside_account.linked', row.id, { userId, provider });
  }

  /** Nobody signs in with it any more. Throws 404, and 409 `last_way_in`. */
  async unlink(owner: Caller, provider: string, device: Device): Promise<void> {
    const { subject: userId } = owner;
    await inTransaction(this.dataSource, async (manager) => {
      // One change of what lets this person in at a time.
      if (!(await this.users.lockActive(manager, userId))) throw new Problem('not_found');
      const account = await manager.findOneBy(OutsideAccount, { userId, provider });
      if (!account) throw new Problem('not_found');
      await manager.delete(OutsideAccount, { id: account.id });
      await this.waysIn.requireOne(manager, userId);
      // A sign-in that has begun with it may be waiting for a second factor.
      await this.challenges.endAllOf(manager, userId);
      await this.audit.record(manager, owner, 'outside_account.unlinked', account.id, { userId, provider });
      await this.events.record(manager, userId, 'outside_account.unlinked', device);
    });
  }

  /** All of a person's: whoever made the account may not have been who has proved now that it is theirs. */
  async deleteAllOf(manager: EntityManager, userId: string): Promise<void> {
    await manager.delete(OutsideAccount, { userId });
  }

  /** Whether somebody comes in by one. */
  async anyWorks(manager: EntityManager, userId: string): Promise<boolean> {
    return (await manager.findBy(OutsideAccount, { userId })).some((account) => this.works(account));
  }

  /** Its provider is still there: one that went from the settings, or is another's by that name now, lets nobody in. */
  works({ provider, issuer }: Pick<OutsideAccount, 'provider' | 'issuer'>): boolean {
    return this.providers.find(provider)?.issuer === issuer;
  }

  /** Whether somebody comes in by anything else. */
  hasOtherWay(userId: string): Promise<boolean> {
    return this.waysIn.exists(this.dataSource.manager, userId, OUTSIDE);
  }
}

function rejectTaken(error: unknown): never {
  const isTaken = violates(error, 'outside_accounts_subject') || violates(error, 'outside_accounts_of_both');
  throw isTaken ? new Problem('outside_account_taken') : error;
}
