import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { ChallengesService } from '../challenges/challenges.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { MfaService } from '../mfa/mfa.service.js';
import { SecondFactorsService } from '../mfa/second-factors.service.js';
import { PasskeyAssertions } from '../passkeys/passkey-assertions.service.js';
import type { Device } from '../security/device.js';
import type { Actor } from '../security/principal.js';
import type { AssuranceLevel } from '../security/step-up.js';
import type { User } from '../users/user.entity.js';
import type { AnswerMfa } from './login-steps.dto.js';
import { isNewPassword } from './new-password.js';
import { PasswordsService } from './passwords.service.js';
import { SessionsService, type StartedSession } from './sessions.service.js';

/** Who comes in, and how strongly that was proved. */
interface Who {
  readonly userId: string;
  readonly acr: AssuranceLevel;
}

/** Keeps what somebody came in with to the end of the transaction, and throws when it does not hold any more. */
type Hold = (manager: EntityManager) => Promise<void>;

/** What a second step is asked with. */
export interface SecondStep {
  readonly challenge: string;
  readonly methods: readonly string[];
  /** For a browser, where a passkey can be the answer. */
  readonly passkey?: object;
}

/** What comes after the right password, or after another provider. Each step is a challenge that is answered once, on whatever instance. */
@Injectable()
export class LoginStepsService {
  constructor(
    private readonly challenges: ChallengesService,
    private readonly mfa: MfaService,
    private readonly passwords: PasswordsService,
    private readonly factors: SecondFactorsService,
    private readonly assertions: PasskeyAssertions,
    private readonly sessions: SessionsService,
    private readonly dataSource: DataSource,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** Lets in, or throws 401 `mfa_required` or `password_change_required` with a challenge: a short password is for who has a second factor. */
  async afterPassword(
    actor: Actor,
    userId: string,
    { password, changedAt }: { password: string; changedAt: Date },
    device: Device,
  ): Promise<StartedSession> {
    const methods = await this.mfa.methodsOf(userId);
    const purpose = methods.length > 0 ? 'second_factor' : isNewPassword(password) ? null : 'new_password';
    const hold = (manager: EntityManager) => this.passwords.hold(manager, userId, changedAt);
    const begun = await this.begin(actor, { userId, purpose, hold }, device);
    if (typeof begun !== 'string') return begun;
    if (purpose === 'new_password') throw new Problem('password_change_required', { members: { challenge: begun } });
    throw await this.mfaRequired(userId, begun, methods);
  }

  /**
   * The same for whom another provider knows, however they were asked there: to us that is one factor. `hold` throws when they may
   * not come in by it any more. Throws 401 `mfa_required`.
   */
  async afterOutside(actor: Actor, userId: string, hold: Hold, device: Device): Promise<StartedSession> {
    const methods = await this.mfa.methodsOf(userId);
    const purpose = methods.length > 0 ? 'second_factor' : null;
    const begun = await this.begin(actor, { userId, purpose, hold }, device);
    if (typeof begun !== 'string') return begun;
    throw await this.mfaRequired(userId, begun, methods);
  }

  /** The session, or the challenge that comes before it. */
  private begin(
    actor: Actor,
    { userId, purpose, hold }: { userId: string; purpose: 'second_factor' | 'new_password' | null; hold: Hold },
    device: Device,
  ): Promise<StartedSession | string> {
    return inTransaction(this.dataSource, async (manager) => {
      const next = purpose
        ? await this.challenges.issue(purpose, userId, manager)
        : await this.start(manager, actor, { userId, acr: 'aal1' }, device);
      // Last: a change of what they came in with waits for this, and then ends what began here.
      await hold(manager);
      return next;
    });
  }

  /** Throws 401 `challenge_invalid`, and `mfa_invalid`, after which the challenge can be answered again. */
  async answerMfa(actor: Actor, { challenge, ...proof }: AnswerMfa, device: Device): Promise<StartedSession> {
    const asked = await this.challenges.find('second_factor', challenge);
    const userId = asked?.userId;
    if (!userId) throw new Problem('challenge_invalid');
    const known = await this.sessions.isKnownDevice(userId, device);
    return this.factors.require(actor, userId, proof, { ...device, known }, async (manager) => {
      if (!(await this.challenges.take('second_factor', challenge, manager))) throw new Problem('challenge_invalid');
      return this.start(manager, actor, { userId, acr: 'aal2' }, device);
    });
  }

  /** What to ask with for a challenge that is still to be answered. Throws 401 `challenge_invalid`. */
  async askedBy(challenge: string): Promise<SecondStep> {
    const asked = await this.challenges.find('second_factor', challenge);
    if (!asked?.userId) throw new Problem('challenge_invalid');
    return this.secondStep(asked.userId, challenge, await this.mfa.methodsOf(asked.userId));
  }

  private async mfaRequired(userId: string, challenge: string, methods: readonly string[]): Promise<Problem> {
    return new Problem('mfa_required', { members: { ...(await this.secondStep(userId, challenge, methods)) } });
  }

  private async secondStep(userId: string, challenge: string, methods: readonly string[]): Promise<SecondStep> {
    const passkey = methods.includes('passkey') ? await this.passkeyOptions(userId) : undefined;
    const usable = passkey ? methods : methods.filter((method) => method !== 'passkey');
    return { challenge, methods: usable, passkey };
  }

  /** What a browser needs to answer with a passkey of theirs, or with null of whoever it is; nothing where passkeys cannot work. */
  passkeyOptions(userId: string | null): Promise<object | undefined> {
    return this.assertions.assertionOptions(userId).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'passkeys_unavailable') return undefined;
      throw error;
    });
  }

  /** Whether somebody's address and status let them in. */
  mayEnter(user: User | null): user is User {
    const verified = Boolean(user?.emailVerifiedAt) || !this.config.requireVerifiedEmail;
    return user?.status === 'active' && verified;
  }

  /** Starts the session of somebody who has proved who they are. Throws 401 `credentials_invalid` when they are not active any more. */
  enter(actor: Actor, who: Who, device: Device): Promise<StartedSession> {
    return inTransaction(this.dataSource, (manager) => this.start(manager, actor, who, device));
  }

  private async start(manager: EntityManager, actor: Actor, who: Who, device: Device): Promise<StartedSession> {
    const started = await this.sessions.start(manager, actor, who, device);
    if (!started) throw new Problem('credentials_invalid');
    return started;
  }
}
