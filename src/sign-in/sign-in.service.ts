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

/** What was wrong, in the words of a person. Whatever is not here is a page of its own. */
export const WRONG: Readonly<Record<string, string>> = {
  credentials_invalid: 'That email and password do not match.',
  password_wrong: 'That password is wrong.',
  passkey_invalid: 'That passkey was not accepted. Try again, or use your password.',
  mfa_invalid: 'That code is wrong, or was used before.',
  validation_failed: 'That does not look right. Check it, and try again.',
};

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
  async ask(visit: Visit, { email, error }: { email?: string; error?: string } = {}): Promise<string> {
    const interaction = await this.waiting.of(visit);
    return answer(visit, error, loginView, {
      action: visit.path,
      csrf: this.forms.issue(visit.request, visit.reply),
      email: email ?? interaction?.loginHint,
      error,
      client: interaction && interaction.name,
      passkey: await this.passkeyAsk(visit),
      providers: this.providers.waysIn(visit.interaction),
    });
  }

  /**
   * Does a step. Whoever is let in goes on to where they were going; of whoever is not, a page says what is missing or wrong.
   * `again` is the page of the step itself. `amr` is said where it does not follow from how strong the proof was.
   */
  async step(
    visit: Visit,
    work: () => Promise<StartedSession>,
    again: (error: string) => Promise<string>,
    amr?: string[],
  ): Promise<string> {
    try {
      // Before a password is looked at: nobody shall be signed in, and then be told that it is over.
      await this.waiting.of(visit);
      return await this.enter(visit, await work(), amr);
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

  /** The second step once more. */
  async askAgain(visit: Visit, challenge: string, error: string): Promise<string> {
    return this.askSecondFactor(visit, await this.steps.askedBy(challenge), error);
  }

  async askNewPassword(visit: Visit, challenge: string, error?: string): Promise<string> {
    return answer(visit, error, newPasswordView, {
      action: `${visit.path}/password`,
      csrf: this.forms.issue(visit.request, visit.reply),
      challenge,
      minLength: MIN_PASSWORD,
      error,
    });
  }

  private async askSecondFactor(visit: Visit, step: SecondStep, error?: string): Promise<string> {
    const interaction = await this.waiting.of(visit);
    return answer(visit, error, secondFactorView, {
      action: `${visit.path}/mfa`,
      csrf: this.forms.issue(visit.request, visit.reply),
      challenge: step.challenge,
      methods: step.methods as SecondFactorModel['methods'],
      passkeyOptions: step.passkey,
      error,
      client: interaction && interaction.name,
    });
  }

  private async enter(visit: Visit, started: StartedSession, amr?: string[]): Promise<string> {
    const login = await this.browsers.begin(visit.request, visit.reply, started, amr);
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
}

/** A page, and whether it says that something was wrong. */
const answer = <M>(visit: Visit, error: string | undefined, view: (model: M) => string, model: M): string =>
  visit.page(view(model), { status: error === undefined ? 200 : 422 });
