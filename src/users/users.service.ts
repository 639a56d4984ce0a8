import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, IsNull, LessThanOrEqual, Repository } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { inTransaction, lock, violates } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { PersonalData } from '../security/personal-data.js';
import { type Actor, type Caller, SYSTEM } from '../security/principal.js';
import { Revocations } from '../security/revocations.js';
import { type Role, scopesOf } from '../security/scopes.js';
import { requireHeld } from '../security/scopes.guard.js';
import { foldText } from './fold-text.js';
import { UserChanges } from './user-changes.js';
import { User } from './user.entity.js';
import type { UpdateMe, UpdateUser } from './users.dto.js';

export type NewUser = Pick<User, 'email' | 'roles' | 'status'> &
  Partial<Pick<User, 'username' | 'displayName' | 'emailVerifiedAt'>>;

/** The rules about people. Every change is audited in its transaction and, where it changes rights, revoked everywhere. */
@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    private readonly revocations: Revocations,
    private readonly changes: UserChanges,
    private readonly personalData: PersonalData,
  ) {}

  /** Throws 404. */
  async getUser(id: string): Promise<User> {
    const user = await this.findById(id);
    if (!user) throw new Problem('not_found');
    return user;
  }

  findById(id: string): Promise<User | null> {
    return this.users.findOneBy({ id });
  }

  /** An address as two of them are compared. */
  emailKeyOf(email: string): string {
    return foldText(email);
  }

  findByEmail(email: string): Promise<User | null> {
    return this.users.findOneBy({ emailKey: foldText(email) });
  }

  async isEmpty(): Promise<boolean> {
    return !(await this.users.exists());
  }

  /** Inserts within the caller's transaction. Throws 409 `email_taken` or `username_taken`. */
  async create(manager: EntityManager, { username = null, displayName = null, ...rest }: NewUser): Promise<User> {
    const usernameKey = username === null ? null : foldText(username);
    const user = manager.create(User, { id: uuid(), ...rest, username, usernameKey, displayName });
    user.emailKey = foldText(rest.email);
    return manager.save(User, user).catch(rejectTaken);
  }

  /** Locks the person's row to the end of the transaction, against whoever disables or deletes them. False when they are not active. */
  async lockActive(manager: EntityManager, id: string): Promise<boolean> {
    const active = `SELECT 1 FROM users WHERE id = $1 AND status = 'active' FOR UPDATE`;
    return (await manager.query<unknown[]>(active, [id])).length > 0;
  }

  /** The same where this is their address, and they have proved that it is. False otherwise. */
  async lockVerified(manager: EntityManager, id: string, email: string): Promise<boolean> {
    const verified = `SELECT 1 FROM users
      WHERE id = $1 AND email_key = $2 AND status = 'active' AND email_verified_at IS NOT NULL FOR UPDATE`;
    return (await manager.query<unknown[]>(verified, [id, foldText(email)])).length > 0;
  }

  /** Notes that the address is its owner's. False when it is not the address any more, was verified before, or the person is not active. */
  async markVerified(manager: EntityManager, actor: Actor, id: string, email: string): Promise<boolean> {
    const unverified = { id, emailKey: foldText(email), status: 'active' as const, emailVerifiedAt: IsNull() };
    const { affected } = await manager.update(User, unverified, { emailVerifiedAt: new Date() });
    if (affected) await this.audit.record(manager, actor, 'user.email_verified', id);
    return Boolean(affected);
  }

  /** Gives a person an address that was proved to be theirs. Answers the one before; null when they are not active. Throws 409 `email_taken`. */
  async changeEmail(manager: EntityManager, id: string, email: string): Promise<string | null> {
    const user = await manager.findOne(User, { where: { id, status: 'active' }, lock: { mode: 'pessimistic_write' } });
    if (!user) return null;
    const before = user.email;
    Object.assign(user, { email, emailKey: foldText(email), emailVerifiedAt: new Date() });
    await manager.save(User, user).catch(rejectTaken);
    return before;
  }

  /** Throws 409 `username_taken`. */
  async updateMe(caller: Caller, { username, displayName }: UpdateMe): Promise<User> {
    return inTransaction(this.dataSource, async (manager) => {
      const user = await this.lockUser(manager, caller.subject);
      if (username !== undefined) {
        user.username = username;
        user.usernameKey = username === null ? null : foldText(username);
      }
      if (displayName !== undefined) user.displayName = displayName;
      await manager.save(User, user).catch(rejectTaken);
      const fields = Object.entries({ username, displayName }).flatMap(([name, value]) =>
        value === undefined ? [] : name,
      );
      await this.audit.record(manager, caller, 'user.updated', user.id, { fields });
      return user;
    });
  }

  /** Roles and status. Throws 404, 403 `scope_not_held`, and 409 `last_administrator`. */
  async update(caller: Caller, id: string, { roles, status }: UpdateUser): Promise<User> {
    const user = await inTransaction(this.dataSource, async (manager) => {
      await lock(manager, 'administrators');
      const found = await this.lockUser(manager, id);
      const wasAdministrator = isAdministrator(found);
      if (roles) {
        requireGrantable(caller, roles, found.roles);
        found.roles = roles;
      }
      // An invited person becomes active by accepting, not by decree.
      if (status && !(found.status === 'invited' && status === 'active')) found.status = status;
      await manager.save(User, found);
      if (wasAdministrator) await this.requireAdministrator(manager);
      if (found.status === 'disabled') await this.changes.disabled(manager, id);
      await this.audit.record(manager, caller, 'user.updated', id, { roles, status });
      await this.revocations.record(manager, [id]);
      return found;
    });
    this.revocations.applied([id]);
    return user;
  }

  /** Everything of the person goes with the row; audit keeps its ids. Throws 404, and 409 `last_administrator`. */
  delete(actor: Actor, id: string): Promise<void> {
    return this.deleteIf(() => true, actor, id);
  }

  private async deleteIf(condition: (user: User) => boolean, actor: Actor, id: string): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      await lock(manager, 'administrators');
      const user = await this.lockUser(manager, id);
      if (!condition(user)) return;
      await this.personalData.erase(manager, id);
      await manager.delete(User, { id });
      if (isAdministrator(user)) await this.requireAdministrator(manager);
      await this.audit.record(manager, actor, 'user.deleted', id);
      await this.revocations.record(manager, [id]);
    });
    this.revocations.applied([id]);
  }

  /** Sets or clears the moment of a requested deletion, and answers the one that holds. Throws 409 `last_administrator`. */
  async scheduleDeletion(caller: Caller, dueAt: Date | null): Promise<Date | null> {
    return inTransaction(this.dataSource, async (manager) => {
      await lock(manager, 'administrators');
      const user = await this.lockUser(manager, caller.subject);
      // Asking again neither postpones what is coming nor leaves a trace of a change that was none.
      if ((user.deletionDueAt === null) === (dueAt === null)) return user.deletionDueAt;
      const wasAdministrator = isAdministrator(user);
      user.deletionDueAt = dueAt;
      await manager.save(User, user);
      if (wasAdministrator) await this.requireAdministrator(manager);
      await this.audit.record(manager, caller, dueAt ? 'user.deletion_requested' : 'user.deletion_undone', user.id);
      return dueAt;
    });
  }

  /**
   * Deletes people whose grace period is over, each in a transaction of its own, but none who undid it at the last moment.
   * What fails for one does not keep the others; it is thrown when all had their turn. True when there may be more.
   */
  async deleteDue(limit: number): Promise<boolean> {
    const where = { deletionDueAt: LessThanOrEqual(new Date()) };
    const due = await this.users.find({ where, select: { id: true }, order: { deletionDueAt: 'ASC' }, take: limit });
    const failures: unknown[] = [];
    for (const { id } of due) {
      await this.deleteIf(isDue, SYSTEM, id).catch((error: unknown) => {
        // An administrator was faster.
        if (!(error instanceof Problem && error.code === 'not_found')) failures.push(error);
      });
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} accounts could not be deleted`);
    return due.length === limit;
  }

  private async lockUser(manager: EntityManager, id: string): Promise<User> {
    const user = await manager.findOne(User, { where: { id }, lock: { mode: 'pessimistic_write' } });
    if (!user) throw new Problem('not_found');
    return user;
  }

  /** Counts after the change, under the lock: two administrators who demote each other meet here one after the other. */
  private async requireAdministrator(manager: EntityManager): Promise<void> {
    const left = await manager
      .createQueryBuilder(User, 'u')
      .where(`u.status = 'active' AND u.roles @> '{admin}' AND u.deletion_due_at IS NULL`)
      .getExists();
    if (!left) throw new Problem('last_administrator');
  }
}

/**
 * A role is a grant: a key with no more than `users:write` would otherwise make its holder an administrator. What everybody
 * gets by registering is none. Throws 403 `scope_not_held`.
 */
export function requireGrantable(caller: Caller, wanted: readonly Role[], before: readonly Role[]): void {
  requireHeld(caller, scopesOf(wanted).difference(scopesOf([...before, 'user'])));
}

const isAdministrator = ({ roles, status, deletionDueAt }: User): boolean =>
  roles.includes('admin') && status === 'active' && deletionDueAt === null;

const isDue = ({ deletionDueAt }: User): boolean => deletionDueAt !== null && deletionDueAt.getTime() <= Date.now();

function rejectTaken(error: unknown): never {
  if (violates(error, 'users_email_key')) throw new Problem('email_taken');
  if (violates(error, 'users_username_key')) throw new Problem('username_taken');
  throw error;
}
