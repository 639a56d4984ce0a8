import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { ChallengesService } from '../challenges/challenges.service.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { type Letter, Outbox, type Taken } from '../mail/outbox.service.js';
import { MfaService } from '../mfa/mfa.service.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import type { Device } from '../security/device.js';
import type { Actor, Caller } from '../security/principal.js';
import { Revocations } from '../security/revocations.js';
import { UserChanges } from '../users/user-changes.js';
import { UsersService } from '../users/users.service.js';
import type { ChoosePassword } from './login-steps.dto.js';
import { EmailTokensService } from './email-tokens.service.js';
import type { ChangePassword, ResetPassword } from './password.dto.js';
import { type PasswordContext, PasswordPolicy } from './password-policy.service.js';
import { PasswordsService } from './passwords.service.js';
import { SessionsService } from './sessions.service.js';

/** ASVS 6.4.1: a link that gives a password is short-lived. */
const RESET_SECONDS = 900;
/** Of a mail that cannot be sent: whoever waits longer asks again. */
const USEFUL_SECONDS = 3_600;
const MOST_AN_HOUR = 5;

type Person = PasswordContext & { readonly id: string };

/** New passwords of people who have one, or had. Each ends what was signed in with the old one, and its owner is told. */
@Injectable()
export class PasswordChangesService implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly changes: UserChanges,
    private readonly passwords: PasswordsService,
    private readonly policy: PasswordPolicy,
    private readonly sessions: SessionsService,
    private readonly tokens: EmailTokensService,
    private readonly challenges: ChallengesService,
    private readonly mfa: MfaService,
    private readonly events: SecurityEventsService,
    private readonly outbox: Outbox,
    private readonly audit: AuditService,
    private readonly revocations: Revocations,
    private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.outbox.register('reset_password', (mail) => this.write(mail), { mostAnHour: MOST_AN_HOUR });
  }

  /** Puts a mail for an address that may be nobody's: found out when it is written, so that neither the answer nor its time says so. */
  async forgot(email: string): Promise<void> {
    const mail = {
      kind: 'reset_password',
      userId: null,
      payload: { email: this.users.emailKeyOf(email) },
      usefulSeconds: USEFUL_SECONDS,
    };
    await this.outbox.put(this.dataSource.manager, mail);
  }

  /** Throws 400 `email_token_invalid`, and `validation_failed` for a password that is refused, after which the link still works. */
  async reset(actor: Actor, { token, password }: ResetPassword, device: Device): Promise<void> {
    const owner = await this.tokens.ownerOf('reset_password', token);
    const user = owner && (await this.users.findById(owner));
    if (!user) throw new Problem('email_token_invalid');
    const hash = await this.judged(user, password, 'password');
    await inTransaction(this.dataSource, async (manager) => {
      const redeemed = await this.tokens.redeem(manager, ['reset_password'], token);
      if (!redeemed || !(await this.users.lockActive(manager, redeemed.userId)))
        throw new Problem('email_token_invalid');
      await this.store(manager, user.id, hash);
      await this.passwords.forgetAttempts(manager, user.email);
      await this.sessions.endAllOf(manager, user.id);
      await this.audit.record(manager, actor, 'user.password_reset', user.id);
      // Whoever has the link reads the mail of this address.
      if (await this.users.markVerified(manager, actor, user.id, redeemed.email)) {
        await this.changes.reclaimed(manager, user.id);
        await this.audit.record(manager, actor, 'user.reclaimed', user.id);
      }
      await this.events.record(manager, user.id, 'password.reset', device);
      await this.revocations.record(manager, [user.id]);
    });
    this.revocations.applied([user.id]);
  }

  /** Ends all other sessions. Throws 403 `password_wrong`, and 400 `validation_failed`. */
  async change(caller: Caller, { currentPassword, newPassword }: ChangePassword, device: Device): Promise<void> {
    const user = await this.users.getUser(caller.subject);
    const { id: userId, email } = user;
    if (!(await this.passwords.matches({ userId, email, known: true }, currentPassword)))
      throw new Problem('password_wrong');
    const hash = await this.judged(user, newPassword, 'newPassword');
    const ended = await inTransaction(this.dataSource, async (manager) => {
      await this.store(manager, user.id, hash);
      await this.audit.record(manager, caller, 'user.password_changed', user.id);
      await this.events.record(manager, user.id, 'password.changed', device);
      return this.sessions.endOthersOf(manager, caller);
    });
    this.revocations.applied(ended);
  }

  /**
   * A longer password for who has logged in with a short one and has no second factor any more; then they log in.
   * Throws 401 `challenge_invalid`, and 400 `validation_failed`, after which the challenge can be answered again.
   */
  async replace(actor: Actor, { challenge, password }: ChoosePassword, device: Device): Promise<void> {
    const asked = await this.challenges.find('new_password', challenge);
    const user = asked?.userId && (await this.users.findById(asked.userId));
    // Who has a second factor by now is asked for it, and may keep what they have.
    if (!user || (await this.mfa.isEnabled(user.id))) throw new Problem('challenge_invalid');
    const hash = await this.judged(user, password, 'password');
    await inTransaction(this.dataSource, async (manager) => {
      const taken = await this.challenges.take('new_password', challenge, manager);
      if (!taken || !(await this.users.lockActive(manager, user.id))) throw new Problem('challenge_invalid');
      await this.store(manager, user.id, hash);
      await this.sessions.endAllOf(manager, user.id);
      await this.audit.record(manager, actor, 'user.password_changed', user.id);
      await this.events.record(manager, user.id, 'password.changed', device);
      await this.revocations.record(manager, [user.id]);
    });
    this.revocations.applied([user.id]);
  }

  /** The hash of a password that may be this person's. */
  private async judged(user: Person, password: string, member: string): Promise<string> {
    const hasSecondFactor = await this.mfa.isEnabled(user.id);
    await this.policy.require(password, member, { ...user, hasSecondFactor });
    return this.passwords.hash(password);
  }

  /** Whoever had the old one may be in the middle of something that began with it. */
  private async store(manager: EntityManager, userId: string, hash: string): Promise<void> {
    await this.passwords.store(manager, userId, hash);
    await this.tokens.endAllOf(manager, userId);
    await this.challenges.endAllOf(manager, userId);
  }

  private async write({ id, payload }: Taken): Promise<Letter | null> {
    const user = await this.users.findByEmail(payload['email'] ?? '');
    if (user?.status !== 'active') return null;
    const { id: userId, email } = user;
    const token = await this.tokens.issue({
      mailId: id,
      userId,
      purpose: 'reset_password',
      email,
      seconds: RESET_SECONDS,
    });
    if (token === null) return null;
    return {
      userId,
      to: email,
      subject: 'Reset your password',
      text: [
        'Somebody, we hope you, asked for a new password of your account. To choose one, open this link within 15 minutes:',
        this.outbox.linkTo('password-reset', token),
        'If it was not you, do nothing: your password stays as it is.',
      ].join('\n\n'),
    };
  }
}
