import { Injectable } from '@nestjs/common';
import { LoginStepsService, type SecondStep } from '../auth/login-steps.service.js';
import { MIN_PASSWORD } from '../auth/new-password.js';
import { PasskeyLoginService } from '../auth/passkey-login.service.js';
import type { StartedSession } from '../auth/sessions.service.js';
import { Problem } from '../errors/problem.js';
import { BrowserSessions } from '../oauth/browser-sessions.service.js';
import { OutsideProviders } from '../outside-providers/outside-providers.service.js';
import { WaitingApplications } from './waiting.service.js';
import { loginView } from '../pages/login.view.js';
import { newPasswordView } from '../pages/new-password.view.js';
import { secondFactorView, type SecondFactorModel } from '../pages/second-factor.view.js';
import { FormTokens } from '../security/form-tokens.js';
import type { Visit } from '../security/visit.js';
import type { SecondFactorForm } from './forms.dto.js';

/** What was wrong, in the words of a person. Whatever is not here is a page of its own. */
export const WRONG: Readonly<Record<string, string>> = {
  credentials_invalid: 'That email and password do not match.',
  password_wrong: 'That password is wrong.',
  passkey_invalid: 'That passkey was not accepted. Try again, or use your password.',
  mfa_invalid: 'That code is wrong, or was used before.',
  validation_failed: 'That does not look right. Check it, and try again.',
};

/** With what the first page is shown. */
interface Asked {
  readonly email?: string;
  readonly error?: string;
  /** Somebody who is signed in is to show who they are once more. */
  readonly isFresh?: boolean;
}

/** The first step counts no more. */
export const TOO_LATE = 'That took too long. Sign in again.';

/** The pages on which people sign in: for an application that waits, or to see their account. */
@Injectable()
export class SignInService {
  constructor(
    private readonly forms: FormTokens,
    private readonly browsers: BrowserSessions,
    private readonly waiting: WaitingApplications,
    private readonly passkeys: PasskeyLoginService,
    private readonly steps: LoginStepsService,
    private readonly providers: OutsideProviders,
  ) {}

  /** The first page. */
  async ask(visit: Visit, { email, error, isFresh = false }: Asked = {}): Promise<string> {
    const interaction = await this.waiting.of(visit);
    const { password } = visit.request.query as { password?: unknown };
    return this.answer(visit, error, loginView, {
      action: visit.path,
      csrf: this.forms.issue(visit.request, visit.reply),
      email: email ?? interaction?.loginHint,
      error,
      notice: password === 'saved' ? 'Your new password is saved. Sign in with it.' : undefined,
      client: interaction && interaction.name,
      passkey: await this.passkeyAsk(visit),
      providers: this.providers.waysIn(visit.interaction, isFresh),
    });
  }

  /**
   * Does a step. Whoever is let in goes on to where they were going; of whoever is not, a page says what is missing or wrong.
   * `again` is the page of the step itself.
   */
  async step(
    visit: Visit,
    work: () => Promise<StartedSession>,
    again: (error: string) => Promise<string>,
  ): Promise<string> {
    try {
      // Before a password is looked at: nobody shall be signed in, and then be told that it is over.
      await this.waiting.of(visit);
      return await this.enter(visit, await work());
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const step = (error.options.members ?? {}) as Partial<SecondStep>;
      if (error.code === 'mfa_required') return this.askSecondFactor(visit, step as SecondStep);
      if (error.code === 'password_change_required') return this.askNewPassword(visit, step.challenge ?? '');
      if (error.code === 'challenge_invalid') return this.ask(visit, { error: TOO_LATE });
      const words = WRONG[error.code];
      if (!words) throw error;
      return again(words);
    }
  }

  /** The second step once more, or the first where it was too late for that. */
  async askAgain(visit: Visit, { challenge = '', recoveryCode }: SecondFactorForm, error: string): Promise<string> {
    try {
      const step = await this.steps.askedBy(challenge);
      return await this.askSecondFactor(visit, step, { error, tried: recoveryCode ? 'recovery_code' : 'totp' });
    } catch (failure) {
      if (!(failure instanceof Problem && failure.code === 'challenge_invalid')) throw failure;
      return this.ask(visit, { error: TOO_LATE });
    }
  }

  async askNewPassword(visit: Visit, challenge: string, error?: string): Promise<string> {
    return this.answer(visit, error, newPasswordView, {
      action: `${visit.path}/password`,
      csrf: this.forms.issue(visit.request, visit.reply),
      challenge,
      minLength: MIN_PASSWORD,
      error,
    });
  }

  private async askSecondFactor(
    visit: Visit,
    step: SecondStep,
    { error, tried }: Pick<SecondFactorModel, 'error' | 'tried'> = {},
  ): Promise<string> {
    const interaction = await this.waiting.of(visit);
    return this.answer(visit, error, secondFactorView, {
      action: `${visit.path}/mfa`,
      csrf: this.forms.issue(visit.request, visit.reply),
      challenge: step.challenge,
      methods: step.methods as SecondFactorModel['methods'],
      passkeyOptions: step.passkey,
      error,
      tried,
      client: interaction && interaction.name,
    });
  }

  private async enter(visit: Visit, started: StartedSession): Promise<string> {
    const login = await this.browsers.begin(visit.request, visit.reply, started);
    return visit.goTo(await this.waiting.goOn(visit, login));
  }

  /** Null where passkeys cannot work. */
  private async passkeyAsk(visit: Visit) {
    const options = await this.passkeys.options().catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'passkeys_unavailable') return null;
      throw error;
    });
    return options && { action: `${visit.path}/passkey`, options };
  }

  /** A page, and whether it says that something was wrong. */
  private async answer<M>(
    visit: Visit,
    error: string | undefined,
    view: (model: M) => string,
    model: M,
  ): Promise<string> {
    const status = error === undefined ? 200 : 422;
    return visit.page(view(model), { status, targets: await this.waiting.targets(visit) });
  }
}
