import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import type { Actor, Caller } from '../security/principal.js';
import { Invitation } from './invitation.entity.js';
import { User } from './user.entity.js';
import type { InviteUser } from './users.dto.js';
import { requireGrantable, UsersService } from './users.service.js';

const TOKEN_BYTES = 32;

/** How people made by an administrator get in: a single-use link to choose their own password. */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly users: UsersService,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** Creates the person and the link. Throws 403 `scope_not_held`, 409 when taken, and 503 `mail_unavailable` where links may not be shown. */
  async invite(caller: Caller, input: InviteUser): Promise<{ user: User; url: string }> {
    requireGrantable(caller, input.roles ?? [], []);
    if (!this.config.showInvitations) throw new Problem('mail_unavailable');
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const user = await inTransaction(this.dataSource, async (manager) => {
      const created = await this.users.create(manager, { roles: ['user'], ...input, status: 'invited' });
      const expiresAt = new Date(Date.now() + this.config.invitationSeconds * 1000);
      await manager.insert(Invitation, { tokenHash: hashOf(token), userId: created.id, expiresAt });
      await this.audit.record(manager, caller, 'user.invited', created.id, { roles: created.roles });
      return created;
    });
    // In the fragment: a browser sends it to nobody, so it is in no log and no Referer.
    return { user, url: `${this.config.publicUrl}/invitation#token=${token}` };
  }

  /** Uses a link up and activates its person. Of parallel uses one wins. Throws 400 `invitation_invalid`. */
  async redeem(manager: EntityManager, actor: Actor, token: string): Promise<User> {
    const { raw } = await manager
      .createQueryBuilder()
      .delete()
      .from(Invitation)
      .where('token_hash = :hash AND expires_at > now()', { hash: hashOf(token) })
      .returning('user_id')
      .execute();
    const [used] = raw as { user_id: string }[];
    if (!used) throw new Problem('invitation_invalid');
    const user = await manager.findOne(User, { where: { id: used.user_id }, lock: { mode: 'pessimistic_write' } });
    if (user?.status !== 'invited') throw new Problem('invitation_invalid');
    user.status = 'active';
    await manager.save(User, user);
    await this.audit.record(manager, actor, 'user.accepted', user.id);
    return user;
  }
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
