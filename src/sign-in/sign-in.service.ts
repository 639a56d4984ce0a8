import { Injectable } from '@nestjs/common';
import { LoginStepsService, type SecondStep } from '../auth/login-steps.service.js';
import { MIN_PASSWORD } from '../auth/new-password.js';
import type { StartedSession } from '../auth/sessions.service.js';
import { Problem } from '../errors/problem.js';
import { BrowserSessions } from '../oauth/browser-sessions.service.js';
import { OutsideProviders } from '../outside-providers/outside-providers.service.js';
import { targetsOf, type Waiting, WaitingApplications } from './waiting.service.js';
import { loginView } from '../pages/login.view.js';
import type { FormModel } from '../pages/page-model.js';
import { newPasswordView } from '../pages/new-password.view.js';
import { secondFactorView, type SecondFactorModel } from '../pages/second-factor.view.js';
import { FormTokens } from '../security/form-tokens.js';
import type { Visit } from '../security/visit.js';
import type { SecondFactorForm } from './forms.dto.js';

const PASSKEY_REFUSED = 'That passkey was not accepted. Try again, or use another way.';

/** What was wrong, in the words of a person. Whatever is not here is a page of its own. */
export const WRONG: Readonly<Record<string, string>> = {
  credentials_invalid: 'That email and password do not match.',
  password_wrong: 'That password is wrong.',
  passkey_invalid: PASSKEY_REFUSED,
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
    private readonly steps: LoginStepsService,
    private readonly providers: OutsideProviders,
  ) {}

  /** The first page. */
  async ask(visit: Visit, { email, error, isFresh = false }: Asked = {}): Promise<string> {
    const waiting = await this.waiting.of(visit);
    const { password } = visit.request.query as { password?: unknown };
    return this.answer(visit, waiting, loginView, {
      action: visit.path,
      csrf: this.forms.issue(visit.request, visit.reply),
      email: email ?? waiting?.loginHint,
      error,
      notice: password === 'saved' ? 'Your new password is saved. Sign in with it.' : undefined,
      client: waiting && waiting.name,
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
  async askAgain(visit: Visit, form: SecondFactorForm, error: string): Promise<string> {
    const { challenge = '' } = form;
    try {
      const step = await this.steps.askedBy(challenge);
      return await this.askSecondFactor(visit, step, refusedIn(form, error));
    } catch (failure) {
      if (!(failure instanceof Problem && failure.code === 'challenge_invalid')) throw failure;
      return this.ask(visit, { error: TOO_LATE });
    }
  }

  async askNewPassword(visit: Visit, challenge: string, error?: string): Promise<string> {
    return this.answer(visit, await this.waiting.of(visit), newPasswordView, {
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
    const waiting = await this.waiting.of(visit);
    return this.answer(visit, waiting, secondFactorView, {
      action: `${visit.path}/mfa`,
      csrf: this.forms.issue(visit.request, visit.reply),
      challenge: step.challenge,
      methods: step.methods as SecondFactorModel['methods'],
      passkeyOptions: step.passkey,
      error,
      tried,
      client: waiting && waiting.name,
    });
  }

  private async enter(visit: Visit, started: StartedSession): Promise<string> {
    const login = await this.browsers.begin(visit.request, visit.reply, started);
    return visit.goTo(await this.waiting.goOn(visit, login));
  }

  /** Null where passkeys cannot work. */
  private async passkeyAsk(visit: Visit) {
    const options = await this.steps.passkeyOptions(null);
    return options ? { action: `${visit.path}/passkey`, options } : null;
  }

  /** A page, and whether it says that something was wrong. */
  private answer<M extends FormModel>(
    visit: Visit,
    waiting: Waiting | null,
    view: (model: M) => string,
    model: M,
  ): string {
    return visit.page(view(model), { status: model.error === undefined ? 200 : 422, targets: targetsOf(waiting) });
  }
}

/** What is said of the form of a second step that was sent, and at which. A passkey that is refused is no wrong code. */
export function refusedIn(
  { recoveryCode, response }: SecondFactorForm,
  error: string,
): Pick<SecondFactorModel, 'error' | 'tried'> {
  if (response) return { error: PASSKEY_REFUSED, tried: 'passkey' };
  return { error, tried: recoveryCode ? 'recovery_code' : 'totp' };
}
