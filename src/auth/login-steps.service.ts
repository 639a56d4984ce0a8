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
import { AccessTokensService, type TokenResponse } from './access-tokens.service.js';
import type { AnswerMfa } from './login-steps.dto.js';
import { isNewPassword } from './new-password.js';
import { PasswordsService } from './passwords.service.js';
import { SessionsService, type StartedSession } from './sessions.service.js';

/** Who comes in, and how strongly that was proved. */
interface Who {
  readonly userId: string;
  readonly acr: AssuranceLevel;
}

/** What comes after the right password. Each step is a challenge that is answered once, on whatever instance. */
@Injectable()
export class LoginStepsService {
  constructor(
    private readonly challenges: ChallengesService,
    private readonly mfa: MfaService,
    private readonly passwords: PasswordsService,
    private readonly factors: SecondFactorsService,
    private readonly assertions: PasskeyAssertions,
    private readonly sessions: SessionsService,
    private readonly tokens: AccessTokensService,
    private readonly dataSource: DataSource,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** Lets in, or throws 401 `mfa_required` or `password_change_required` with a challenge: a short password is for who has a second factor. */
  async afterPassword(
    actor: Actor,
    userId: string,
    { password, changedAt }: { password: string; changedAt: Date },
    device: Device,
  ): Promise<TokenResponse> {
    const methods = await this.mfa.methodsOf(userId);
    const purpose = methods.length > 0 ? 'second_factor' : isNewPassword(password) ? null : 'new_password';
    const begun = await inTransaction(this.dataSource, async (manager) => {
      const next = purpose
        ? await this.challenges.issue(purpose, userId, manager)
        : await this.start(manager, actor, { userId, acr: 'aal1' }, device);
      // Last: a change of the password waits for this, and then ends what began here.
      await this.passwords.hold(manager, userId, changedAt);
      return next;
    });
    if (typeof begun !== 'string') return this.respond(begun);
    if (purpose === 'new_password') throw new Problem('password_change_required', { members: { challenge: begun } });
    throw await this.mfaRequired(userId, begun, methods);
  }

  /** Throws 401 `challenge_invalid`, and `mfa_invalid`, after which the challenge can be answered again. */
  async answerMfa(actor: Actor, { challenge, ...proof }: AnswerMfa, device: Device): Promise<TokenResponse> {
    const asked = await this.challenges.find('second_factor', challenge);
    const userId = asked?.userId;
    if (!userId) throw new Problem('challenge_invalid');
    const known = await this.sessions.isKnownDevice(userId, device);
    const started = await this.factors.require(actor, userId, proof, { ...device, known }, async (manager) => {
      if (!(await this.challenges.take('second_factor', challenge, manager))) throw new Problem('challenge_invalid');
      return this.start(manager, actor, { userId, acr: 'aal2' }, device);
    });
    return this.respond(started);
  }

  private async mfaRequired(userId: string, challenge: string, methods: readonly string[]): Promise<Problem> {
    const passkey = methods.includes('passkey') ? await this.passkeyOptions(userId) : undefined;
    const usable = passkey ? methods : methods.filter((method) => method !== 'passkey');
    return new Problem('mfa_required', { members: { challenge, methods: usable, passkey } });
  }

  /** What a browser needs to answer with a passkey of theirs; nothing where passkeys cannot work. */
  private passkeyOptions(userId: string): Promise<object | undefined> {
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
  async enter(actor: Actor, who: Who, device: Device): Promise<TokenResponse> {
    return this.respond(await inTransaction(this.dataSource, (manager) => this.start(manager, actor, who, device)));
  }

  private async start(manager: EntityManager, actor: Actor, who: Who, device: Device): Promise<StartedSession> {
    const started = await this.sessions.start(manager, actor, who, device);
    if (!started) throw new Problem('credentials_invalid');
    return started;
  }

  private respond({ session, roles, refreshToken }: StartedSession): Promise<TokenResponse> {
    return this.tokens.respond(session, roles, refreshToken);
  }
}
