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
import { SignInService, WRONG } from './sign-in.service.js';
import type { Visit } from '../security/visit.js';
import { WaitingApplications } from './waiting.service.js';

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

  async ask(visit: Visit, person: Caller, error?: string): Promise<string> {
    const status = error === undefined ? 200 : 422;
    const methods = await this.mfa.methodsOf(person.subject);
    // Who has neither comes in by somebody else, and shows who they are by coming in once more.
    if (methods.length === 0 && !(await this.passwords.isSet(person.subject)))
      return this.signIn.ask(visit, { isFresh: true });
    const page =
      methods.length > 0 ? this.bySecondFactor(visit, person, methods, error) : this.byPassword(visit, person, error);
    return visit.page(await page, { status, targets: await this.waiting.targets(visit) });
  }

  /** Sends on whoever has proved it, and asks others again. */
  async step(visit: Visit, person: Caller, work: () => Promise<string>): Promise<string> {
    try {
      return visit.goTo(await work());
    } catch (error) {
      const words = error instanceof Problem ? WRONG[error.code] : undefined;
      if (words === undefined) throw error;
      return this.ask(visit, person, words);
    }
  }

  private async byPassword(visit: Visit, person: Caller, error?: string): Promise<string> {
    const [common, again] = [await this.common(visit, error), await this.again(visit, person)];
    return confirmIdentityView({ ...common, ...again });
  }

  private async bySecondFactor(
    visit: Visit,
    person: Caller,
    methods: readonly string[],
    error?: string,
  ): Promise<string> {
    const passkeyOptions = methods.includes('passkey') ? await this.steps.passkeyOptions(person.subject) : undefined;
    // A recovery code is for those who have lost the rest, and signs in anew.
    const usable = methods.filter((method) => method !== 'recovery_code') as SecondFactorModel['methods'];
    const [common, again] = [await this.common(visit, error), await this.again(visit, person)];
    return secondFactorView({ ...common, again, challenge: '', methods: usable, passkeyOptions });
  }

  private async again(visit: Visit, { subject }: Caller) {
    const { email } = await this.users.getUser(subject);
    return { email, signOut: { action: `${visit.path}/switch` } };
  }

  private async common(visit: Visit, error: string | undefined) {
    const waiting = await this.waiting.of(visit);
    return {
      action: `${visit.path}/confirm`,
      csrf: this.forms.issue(visit.request, visit.reply),
      client: waiting && waiting.name,
      error,
    };
  }
}
