import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { Problem } from '../errors/problem.js';
import { type Letter, Outbox, type Taken } from '../mail/outbox.service.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import type { Actor, Caller } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';
import type { ChangeEmail } from './email.dto.js';
import { EmailTokensService } from './email-tokens.service.js';
import { takenLetter } from './letters.js';
import { PasswordsService } from './passwords.service.js';

const DAY_SECONDS = 86_400;
const MOST_AN_HOUR = 5;

/** Another address for an account: it is the person's own once they have opened a link that was sent to it, and the old one is told. */
@Injectable()
export class EmailChangeService implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly tokens: EmailTokensService,
    private readonly events: SecurityEventsService,
    private readonly outbox: Outbox,
    private readonly audit: AuditService,
    private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.outbox.register('change_email', (mail) => this.write(mail), { mostAnHour: MOST_AN_HOUR });
  }

  /** Sends the link. The same for an address that somebody has, who is told. Throws 403 `password_wrong`. */
  async request({ subject }: Caller, { email: address, password }: ChangeEmail): Promise<void> {
    const { id: userId, email } = await this.users.getUser(subject);
    if (!(await this.passwords.matches({ userId, email, known: true }, password))) throw new Problem('password_wrong');
    const mail = { kind: 'change_email', userId, payload: { address }, usefulSeconds: DAY_SECONDS };
    await this.outbox.put(this.dataSource.manager, mail);
  }

  /** Makes the address the person's, within the transaction that used the link up. Throws 409 `email_taken` where somebody has it by now. */
  async apply(manager: EntityManager, actor: Actor, userId: string, email: string): Promise<boolean> {
    const before = await this.users.changeEmail(manager, userId, email);
    if (before === null) return false;
    await this.tokens.endAllOf(manager, userId);
    await this.audit.record(manager, actor, 'user.email_changed', userId);
    await this.events.record(manager, userId, 'email.changed', { to: before });
    return true;
  }

  private async write({ id, userId, payload }: Taken): Promise<Letter | null> {
    const { address = '' } = payload;
    const [user, holder] = [userId && (await this.users.findById(userId)), await this.users.findByEmail(address)];
    if (!user || user.status !== 'active') return null;
    if (holder) return holder.id === user.id ? null : takenLetter(holder);
    const seconds = DAY_SECONDS;
    const token = await this.tokens.issue({
      mailId: id,
      userId: user.id,
      purpose: 'change_email',
      email: address,
      seconds,
    });
    if (token === null) return null;
    return {
      userId: user.id,
      to: address,
      subject: 'Confirm your new e-mail address',
      text: [
        'Somebody, we hope you, wants this to be the address of their account.',
        'To confirm it, open this link within 24 hours:',
        this.outbox.linkTo('email-verification', token),
        'If it was not you, do nothing.',
      ].join('\n\n'),
    };
  }
}
