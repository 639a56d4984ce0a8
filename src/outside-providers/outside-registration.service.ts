import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { EmailVerificationService } from '../auth/email-verification.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { MfaService } from '../mfa/mfa.service.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import type { Device } from '../security/device.js';
import type { Actor } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';
import { OutsideAccounts } from './outside-accounts.service.js';
import type { OutsideIdentity, OutsideProvider } from './outside-provider.js';

type Addressed = OutsideIdentity & { readonly email: string };

/**
 * Whose account somebody gets who comes for the first time. An account is joined only where both sides have proved the address: one
 * that anybody could have made with it would be shared with whoever made it, and a provider that believes any address would open
 * everybody's ("classic-federated merge" and "non-verifying IdP" of Sudhodanan and Paverd, Pre-hijacked accounts, 2022).
 */
@Injectable()
export class OutsideRegistration {
  constructor(
    private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly accounts: OutsideAccounts,
    private readonly mfa: MfaService,
    private readonly verification: EmailVerificationService,
    private readonly audit: AuditService,
    private readonly events: SecurityEventsService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /**
   * Makes an account, or joins the one with the address. Throws 400 `outside_email_missing`, 409 `link_required`, 403
   * `email_unconfirmed`; and 409 `email_taken` or `outside_account_taken` for who was too late, and asks again who is known.
   */
  async admit(actor: Actor, provider: OutsideProvider, identity: OutsideIdentity, device: Device): Promise<void> {
    if (!isAddressed(identity)) throw new Problem('outside_email_missing');
    const user = await this.users.findByEmail(identity.email);
    if (!user) return this.create(actor, provider, identity);
    if (identity.emailVerified) {
      // Two addresses that we take for one can be two mailboxes: what somebody proved of one says nothing of the other.
      if (!isSameMailbox(user.email, identity.email)) throw new Problem('link_required');
      return this.join(actor, provider, identity, { userId: user.id, device });
    }
    if (!this.config.requireVerifiedEmail) throw new Problem('link_required');
    await this.verification.tellTaken(identity.email);
    throw new Problem('email_unconfirmed');
  }

  /** Without a password: who wants one asks for a link by mail. */
  private async create(actor: Actor, provider: OutsideProvider, identity: Addressed): Promise<void> {
    const { email, emailVerified, displayName, subject } = identity;
    await inTransaction(this.dataSource, async (manager) => {
      const user = await this.users.create(manager, {
        email,
        displayName,
        roles: ['user'],
        status: 'active',
        emailVerifiedAt: emailVerified ? new Date() : null,
      });
      await this.audit.record(manager, actor, 'user.registered', user.id);
      await this.accounts.attach(manager, actor, user.id, provider, subject);
      if (!emailVerified) await this.verification.request(user.email, manager);
    });
  }

  /**
   * Not where a second factor is asked for, which has not been shown yet: that one would be a way in that its owner did not add. Nor
   * where somebody else of this provider is linked: an address may have passed from one to another.
   */
  private async join(
    actor: Actor,
    provider: OutsideProvider,
    { email, subject }: Addressed,
    { userId, device }: { userId: string; device: Device },
  ): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const isTheirs = await this.users.lockVerified(manager, userId, email);
      if (!isTheirs || (await this.mfa.state(userId, manager)).enabled) throw new Problem('link_required');
      if (await this.accounts.isLinked(manager, userId, provider)) throw new Problem('link_required');
      await this.accounts.attach(manager, actor, userId, provider, subject);
      await this.events.record(manager, userId, 'outside_account.linked', device);
    });
  }
}

const isAddressed = (identity: OutsideIdentity): identity is Addressed => identity.email !== null;

/** The letters of ASCII alone are compared without their case: `K` may be the sign of Kelvin, which folds to `k` too. */
const isSameMailbox = (one: string, other: string): boolean => asciiFolded(one) === asciiFolded(other);

const asciiFolded = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
