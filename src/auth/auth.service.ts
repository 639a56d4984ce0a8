import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import type { Device } from '../security/device.js';
import { evenly } from '../security/even-time.js';
import type { Actor } from '../security/principal.js';
import { InvitationsService } from '../users/invitations.service.js';
import { UsersService } from '../users/users.service.js';
import type { AcceptInvitation, Login, Register } from './auth.dto.js';
import { EmailVerificationService } from './email-verification.service.js';
import { LoginStepsService } from './login-steps.service.js';
import { PasswordPolicy } from './password-policy.service.js';
import { PasswordsService } from './passwords.service.js';
import { SessionsService, type StartedSession } from './sessions.service.js';

/** Ways in. None of them says whether an address is known. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly policy: PasswordPolicy,
    private readonly sessions: SessionsService,
    private readonly steps: LoginStepsService,
    private readonly invitations: InvitationsService,
    private readonly audit: AuditService,
    private readonly verification: EmailVerificationService,
    private readonly dataSource: DataSource,
  ) {}

  /** Creates the account unless the address is taken, which its owner is told and nobody else. A taken username is left out. */
  async register(actor: Actor, { password, ...person }: Register): Promise<void> {
    await this.policy.require(password, 'password', person);
    // Hashed once whatever is taken, or the time of the answer would tell.
    const hash = await this.hash(password);
    await evenly(() => this.createOrTell(actor, person, hash));
  }

  private async createOrTell(actor: Actor, person: Omit<Register, 'password'>, hash: string): Promise<void> {
    const taken = await this.createAccount(actor, person, hash);
    const second =
      taken === 'username_taken' && (await this.createAccount(actor, { ...person, username: undefined }, hash));
    if (taken === 'email_taken' || second === 'email_taken') await this.verification.tellTaken(person.email);
  }

  /**
   * Throws 401 `credentials_invalid`, in the same time for known and unknown addresses, 429 `rate_limited`, and after the right
   * password what LoginStepsService says.
   */
  async login(actor: Actor, { email, password }: Login, device: Device): Promise<StartedSession> {
    const user = await this.users.findByEmail(email);
    // As for an unknown address: otherwise whoever registers with one would learn whether it was taken.
    const userId = this.steps.mayEnter(user) ? user.id : null;
    const known = await this.sessions.isKnownDevice(userId, device);
    const changedAt = await this.passwords.matches({ userId, email, known }, password);
    if (userId === null || !changedAt) throw new Problem('credentials_invalid');
    return this.steps.afterPassword(actor, userId, { password, changedAt }, device);
  }

  /** Activates an invited person with the password of their choice. Throws 400 `invitation_invalid`. */
  async acceptInvitation(actor: Actor, { token, password }: AcceptInvitation): Promise<void> {
    await this.policy.require(password, 'password');
    const hash = await this.hash(password);
    await inTransaction(this.dataSource, async (manager) => {
      const user = await this.invitations.redeem(manager, actor, token);
      // Whose it is was not known before; when this throws, the invitation is as it was.
      this.policy.requireUnrelated(password, 'password', user);
      await this.passwords.store(manager, user.id, hash);
    });
  }

  /** Hashes what there is a place for: an outage of the database must not fill the queue of those who log in when it ends. */
  private async hash(password: string): Promise<string> {
    await this.dataSource.query('SELECT 1');
    return this.passwords.hash(password);
  }

  /** What kept the account from being created, or null. */
  private async createAccount(actor: Actor, person: Omit<Register, 'password'>, hash: string): Promise<string | null> {
    const create = inTransaction(this.dataSource, async (manager) => {
      const user = await this.users.create(manager, { ...person, roles: ['user'], status: 'active' });
      await this.passwords.store(manager, user.id, hash);
      await this.audit.record(manager, actor, 'user.registered', user.id);
      await this.verification.request(user.email, manager);
      return null;
    });
    return create.catch((error: unknown) => {
      if (error instanceof Problem && (error.code === 'username_taken' || error.code === 'email_taken'))
        return error.code;
      throw error;
    });
  }
}
