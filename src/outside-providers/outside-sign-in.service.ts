import { Injectable } from '@nestjs/common';
import { LoginStepsService } from '../auth/login-steps.service.js';
import type { StartedSession } from '../auth/sessions.service.js';
import { EmailVerificationService } from '../auth/email-verification.service.js';
import { Problem } from '../errors/problem.js';
import { evenly } from '../security/even-time.js';
import type { Device } from '../security/device.js';
import type { Actor } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';
import type { OutsideAccount } from './outside-account.entity.js';
import { OutsideAccounts } from './outside-accounts.service.js';
import type { Proved } from './outside-flows.service.js';
import type { OutsideIdentity, OutsideProvider } from './outside-provider.js';
import { OutsideProviders } from './outside-providers.service.js';
import { OutsideRegistration } from './outside-registration.service.js';

/** The first may lose against another of the same person, and the second against whoever registers the address. */
const ATTEMPTS = 3;
/** RFC 8176 has no word for somebody else's word; how they were asked there is not ours to say. */
const AMR: string[] = [];
const LOST: ReadonlySet<string> = new Set(['email_taken', 'outside_account_taken']);

/** Signs in whom another provider has named. */
@Injectable()
export class OutsideSignIn {
  constructor(
    private readonly providers: OutsideProviders,
    private readonly accounts: OutsideAccounts,
    private readonly registration: OutsideRegistration,
    private readonly users: UsersService,
    private readonly steps: LoginStepsService,
    private readonly verification: EmailVerificationService,
  ) {}

  /**
   * Whoever is known comes in; of whoever is not an account is found or made. Throws 401 `mfa_required`, 403 `email_unconfirmed`,
   * 409 `link_required`, 400 `outside_email_missing`, and `outside_login_invalid` for those who may not enter.
   */
  async signIn(actor: Actor, proved: Proved, device: Device): Promise<StartedSession> {
    const { emailVerified, authenticatedAt: at } = proved.identity;
    const enter = () => this.enter(actor, proved, device);
    // As to whoever registers: an address that nobody has proved is told nothing, neither by words nor by time.
    const started = await (emailVerified ? enter() : evenly(enter));
    return { ...started, asked: { amr: AMR, at } };
  }

  private async enter(actor: Actor, { provider: name, identity }: Proved, device: Device): Promise<StartedSession> {
    const provider = this.providers.get(name);
    const { account, isNew } = await this.accountOf(actor, provider, identity, device);
    const user = await this.users.findById(account.userId);
    if (user?.status !== 'active') throw new Problem('outside_login_invalid');
    const { id: userId, email } = user;
    if (!this.steps.mayEnter(user)) {
      // The first mail may have been lost; only so many an hour are sent.
      if (!isNew) await this.verification.request(email);
      throw new Problem('email_unconfirmed');
    }
    return this.steps.afterOutside(actor, userId, (manager) => this.accounts.use(manager, account.id), device);
  }

  private async accountOf(
    actor: Actor,
    provider: OutsideProvider,
    identity: OutsideIdentity,
    device: Device,
  ): Promise<{ account: OutsideAccount; isNew: boolean }> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const account = await this.accounts.find(provider, identity.subject);
      if (account) return { account, isNew: attempt > 1 };
      try {
        await this.registration.admit(actor, provider, identity, device);
      } catch (error) {
        const isLost = error instanceof Problem && LOST.has(error.code);
        // Whatever it says: another of the same person may have been let in since we looked.
        const isKnown = isLost || (await this.accounts.find(provider, identity.subject)) !== null;
        if (!isKnown || attempt === ATTEMPTS) throw error;
      }
    }
    throw new Problem('outside_login_invalid');
  }
}
