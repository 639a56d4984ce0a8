import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { type Letter, Outbox, type Taken } from '../mail/outbox.service.js';
import type { Actor } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';
import { EmailChangeService } from './email-change.service.js';
import type { EmailTokenPurpose } from './email-token.entity.js';
import { EmailTokensService } from './email-tokens.service.js';
import { takenLetter } from './letters.js';

const DAY_SECONDS = 86_400;
/** Of a mail that cannot be sent: after that whoever waits for it has asked again. */
const USEFUL_SECONDS = DAY_SECONDS;
/** To one person, of what anybody can ask for who knows the address. */
const MOST_AN_HOUR = 5;

/** Proves that an address is its owner's. Whoever asks for a mail is told the same, and as fast, whatever the address is. */
@Injectable()
export class EmailVerificationService implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly tokens: EmailTokensService,
    private readonly change: EmailChangeService,
    private readonly outbox: Outbox,
    private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.outbox.register('verify_email', (mail) => this.write(mail), { mostAnHour: MOST_AN_HOUR });
    this.outbox.register('address_taken', (mail) => this.writeTaken(mail), { mostAnHour: MOST_AN_HOUR });
  }

  /**
   * Puts a mail for an address that may be nobody's, or verified already: that is found out when it is written, so that neither the
   * answer nor its time says anything.
   */
  async request(email: string, manager: EntityManager = this.dataSource.manager): Promise<void> {
    await this.put(manager, 'verify_email', email);
  }

  /** To the owner of an address with which somebody tried to register. */
  async tellTaken(email: string): Promise<void> {
    await this.put(this.dataSource.manager, 'address_taken', email);
  }

  /** Throws 400 `email_token_invalid`, and 409 `email_taken` where a new address is somebody's by now. */
  async verify(actor: Actor, token: string): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const found = await this.tokens.redeem(manager, ['verify_email', 'change_email'], token);
      if (!found || !(await this.accept(manager, actor, found))) throw new Problem('email_token_invalid');
    });
  }

  private accept(
    manager: EntityManager,
    actor: Actor,
    { userId, email, purpose }: { userId: string; email: string; purpose: EmailTokenPurpose },
  ): Promise<boolean> {
    return purpose === 'change_email'
      ? this.change.apply(manager, actor, userId, email)
      : this.users.markVerified(manager, actor, userId, email);
  }

  private async put(manager: EntityManager, kind: string, email: string): Promise<void> {
    // As it is compared, so that it goes when its owner goes.
    const payload = { email: this.users.emailKeyOf(email) };
    await this.outbox.put(manager, { kind, userId: null, payload, usefulSeconds: USEFUL_SECONDS });
  }

  private async write({ id, payload }: Taken): Promise<Letter | null> {
    const user = await this.ownerOf(payload);
    if (!user || user.status !== 'active' || user.emailVerifiedAt) return null;
    const { id: userId, email } = user;
    const token = await this.tokens.issue({ mailId: id, userId, purpose: 'verify_email', email, seconds: DAY_SECONDS });
    if (token === null) return null;
    return {
      userId,
      to: email,
      subject: 'Confirm your e-mail address',
      text: [
        'Somebody, we hope you, made an account with this address.',
        'To confirm that it is yours, open this link within 24 hours:',
        this.outbox.linkTo('email-verification', token),
        'If it was not you, do nothing: without this link the address stays unconfirmed.',
      ].join('\n\n'),
    };
  }

  private async writeTaken({ payload }: Taken): Promise<Letter | null> {
    const user = await this.ownerOf(payload);
    if (user?.status !== 'active') return null;
    return takenLetter(user);
  }

  private ownerOf({ email = '' }: Taken['payload']) {
    return this.users.findByEmail(email);
  }
}
