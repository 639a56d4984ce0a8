import { Body, Controller, Get, HttpCode, Post, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AuthService } from '../auth/auth.service.js';
import { LoginStepsService } from '../auth/login-steps.service.js';
import { PasskeyLoginService } from '../auth/passkey-login.service.js';
import { PasswordChangesService } from '../auth/password-changes.service.js';
import { Problem } from '../errors/problem.js';
import { Public } from '../security/access.decorators.js';
import { FormTokens } from '../security/form-tokens.js';
import { Page } from '../security/input.decorators.js';
import { Sensitive } from '../security/rate-limit.decorators.js';
import { FormInputs } from './form-inputs.js';
import { LoginForm, NewPasswordForm, PasskeyForm, SecondFactorForm } from './forms.dto.js';
import { SignInService, TOO_LATE } from './sign-in.service.js';
import { CurrentVisit, type Visit } from '../security/visit.js';

/** Signing in, for an application that waits or without one. Each step is a form, and works without a script but for passkeys. */
@ApiExcludeController()
@Controller({ path: 'login', version: VERSION_NEUTRAL })
export class SignInController {
  constructor(
    private readonly pages: SignInService,
    private readonly auth: AuthService,
    private readonly steps: LoginStepsService,
    private readonly passkeys: PasskeyLoginService,
    private readonly passwords: PasswordChangesService,
    private readonly inputs: FormInputs,
    private readonly forms: FormTokens,
  ) {}

  @Post(':interaction')
  @HttpCode(200)
  @Public()
  @Sensitive()
  @Page()
  login(@CurrentVisit() visit: Visit, @Body() { csrf, email, password }: LoginForm): Promise<string> {
    this.forms.require(visit.request, csrf);
    return this.pages.step(
      visit,
      () => this.auth.login(visit.actor, { email, password }, visit.device),
      (error) => this.pages.ask(visit, { email, error }),
    );
  }

  /** Where a form has led, and somebody loads the page again without it. */
  @Get([':interaction/mfa', ':interaction/passkey', ':interaction/password', ':interaction/switch'])
  @Public()
  @Page()
  back(@CurrentVisit() visit: Visit): string {
    return visit.goTo(visit.path);
  }

  @Post(':interaction/mfa')
  @HttpCode(200)
  @Public()
  @Sensitive()
  @Page()
  answerMfa(@CurrentVisit() visit: Visit, @Body() form: SecondFactorForm): Promise<string> {
    this.forms.require(visit.request, form.csrf);
    return this.pages.step(
      visit,
      async () => this.steps.answerMfa(visit.actor, this.inputs.secondFactor(form), visit.device),
      (error) => this.pages.askAgain(visit, form, error),
    );
  }

  @Post(':interaction/passkey')
  @HttpCode(200)
  @Public()
  @Sensitive()
  @Page()
  passkey(@CurrentVisit() visit: Visit, @Body() form: PasskeyForm): Promise<string> {
    this.forms.require(visit.request, form.csrf);
    return this.pages.step(
      visit,
      async () => this.passkeys.login(visit.actor, this.inputs.passkey(form), visit.device),
      (error) => this.pages.ask(visit, { error }),
    );
  }

  @Post(':interaction/password')
  @HttpCode(200)
  @Public()
  @Sensitive()
  @Page()
  async choosePassword(@CurrentVisit() visit: Visit, @Body() form: NewPasswordForm): Promise<string> {
    this.forms.require(visit.request, form.csrf);
    try {
      await this.passwords.replace(visit.actor, this.inputs.newPassword(form), visit.device);
      return visit.goTo(`${visit.path}?password=saved`);
    } catch (error) {
      const { code, options } = error instanceof Problem ? error : new Problem('internal_error');
      if (code === 'challenge_invalid') return this.pages.ask(visit, { error: TOO_LATE });
      if (code !== 'validation_failed') throw error;
      return this.pages.askNewPassword(visit, form.challenge, options.errors?.[0]?.detail);
    }
  }
}
