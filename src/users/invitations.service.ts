import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { type Letter, Outbox, type Taken } from '../mail/outbox.service.js';
import { hashOfToken } from '../security/opaque-token.js';
import type { Actor, Caller } from '../security/principal.js';
import { Invitation } from './invitation.entity.js';
import { User } from './user.entity.js';
import type { InviteUser } from './users.dto.js';
import { requireGrantable, UsersService } from './users.service.js';

/** How people made by an administrator get in: a single-use link to choose their own password. */
@Injectable()
export class InvitationsService implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    private readonly outbox: Outbox,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  onModuleInit(): void {
    this.outbox.register('invitation', (mail) => this.write(mail));
  }

  /**
   * Creates the person and the link, which goes to their address; the url only where links may be shown. Throws 403
   * `scope_not_held`, 409 when taken, and 503 `mail_unavailable` where there is no way to tell the link.
   */
  async invite(caller: Caller, input: InviteUser): Promise<{ user: User; url: string | undefined }> {
    requireGrantable(caller, input.roles ?? [], []);
    const { showInvitations, mailInvitations, invitationSeconds } = this.config;
    if (!showInvitations && !mailInvitations) throw new Problem('mail_unavailable');
    return inTransaction(this.dataSource, async (manager) => {
      const created = await this.users.create(manager, { roles: ['user'], ...input, status: 'invited' });
      const { id: userId } = created;
      const mail = { kind: 'invitation', userId, payload: {}, usefulSeconds: invitationSeconds };
      const token = this.outbox.tokenOf(await this.outbox.put(manager, mail));
      const expiresAt = new Date(Date.now() + invitationSeconds * 1000);
      await manager.insert(Invitation, { tokenHash: hashOfToken(token), userId, expiresAt });
      await this.audit.record(manager, caller, 'user.invited', userId, { roles: created.roles });
      return { user: created, url: showInvitations ? this.outbox.linkTo('invitation', token) : undefined };
    });
  }

  /** Uses a link up and activates its person. Of parallel uses one wins. Throws 400 `invitation_invalid`. */
  async redeem(manager: EntityManager, actor: Actor, token: string): Promise<User> {
    const { raw } = await manager
      .createQueryBuilder()
      .delete()
      .from(Invitation)
      .where('token_hash = :hash AND expires_at > now()', { hash: hashOfToken(token) })
      .returning('user_id')
      .execute();
    const [used] = raw as { user_id: string }[];
    if (!used) throw new Problem('invitation_invalid');
    const user = await manager.findOne(User, { where: { id: used.user_id }, lock: { mode: 'pessimistic_write' } });
    if (user?.status !== 'invited') throw new Problem('invitation_invalid');
    user.status = 'active';
    // Where the link was shown to nobody, whoever has it has read the mail.
    if (!this.config.showInvitations) user.emailVerifiedAt = new Date();
    await manager.save(User, user);
    await this.audit.record(manager, actor, 'user.accepted', user.id);
    return user;
  }

  private async write({ id, userId }: Taken): Promise<Letter | null> {
    const user = userId && (await this.users.findById(userId));
    if (!user || user.status !== 'invited') return null;
    return {
      userId: user.id,
      to: user.email,
      subject: 'You are invited',
      text: [
        'An administrator made an account for you. To choose your password and begin, open this link, which works once:',
        this.outbox.linkTo('invitation', this.outbox.tokenOf(id)),
        'If you do not know why you got this, do nothing.',
      ].join('\n\n'),
    };
  }
}
