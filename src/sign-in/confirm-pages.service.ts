import { Injectable } from '@nestjs/common';
import { LoginStepsService } from '../auth/login-steps.service.js';
import { PasswordsService } from '../auth/passwords.service.js';
import { Problem } from '../errors/problem.js';
import { MfaService } from '../mfa/mfa.service.js';
import { confirmIdentityView } from '../pages/confirm-identity.view.js';
import { secondFactorView, type SecondFactorModel } from '../pages/second-factor.view.js';
import { FormTokens } from '../security/form-tokens.js';
import type { Caller } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';
import type { ConfirmForm } from './forms.dto.js';
import { refusedIn, SignInService, WRONG } from './sign-in.service.js';
import type { Visit } from '../security/visit.js';
import { targetsOf, WaitingApplications } from './waiting.service.js';

/** What was wrong, and with which form. */
type Refused = Pick<SecondFactorModel, 'error' | 'tried'>;

/** Asks somebody who is signed in once more: for their second factor, or for the password of who has none. */
@Injectable()
export class ConfirmPages {
  constructor(
    private readonly forms: FormTokens,
    private readonly users: UsersService,
    private readonly mfa: MfaService,
    private readonly passwords: PasswordsService,
    private readonly signIn: SignInService,
    private readonly steps: LoginStepsService,
    private readonly waiting: WaitingApplications,
  ) {}

  async ask(visit: Visit, person: Caller, { error, tried }: Refused = {}): Promise<string> {
    const methods = await this.mfa.methodsOf(person.subject);
    // Who has neither comes in by somebody else, and shows who they are by coming in once more.
    if (methods.length === 0 && !(await this.passwords.isSet(person.subject)))
      return this.signIn.ask(visit, { isFresh: true });
    const waiting = await this.waiting.of(visit);
    const { email } = await this.users.getUser(person.subject);
    const again = { email, signOut: { action: `${visit.path}/switch` } };
    const model = {
      action: `${visit.path}/confirm`,
      csrf: this.forms.issue(visit.request, visit.reply),
      client: waiting && waiting.name,
      error,
    };
    const markup =
      methods.length > 0
        ? secondFactorView({ ...model, again, tried, challenge: '', ...(await this.ways(person, methods)) })
        : confirmIdentityView({ ...model, ...again });
    return visit.page(markup, { status: error === undefined ? 200 : 422, targets: targetsOf(waiting) });
  }

  /** Sends on whoever has proved it, and asks others again. */
  async step(visit: Visit, person: Caller, form: ConfirmForm, work: () => Promise<string>): Promise<string> {
    try {
      return visit.goTo(await work());
    } catch (problem) {
      const error = problem instanceof Problem ? WRONG[problem.code] : undefined;
      if (error === undefined) throw problem;
      return this.ask(visit, person, refusedIn(form, error));
    }
  }

  /** A recovery code is for those who have lost the rest, and signs in anew. */
  private async ways({ subject }: Caller, all: readonly string[]) {
    const methods = all.filter((method) => method !== 'recovery_code') as SecondFactorModel['methods'];
    return {
      methods,
      passkeyOptions: methods.includes('passkey') ? await this.steps.passkeyOptions(subject) : undefined,
    };
  }
}
