import { Body, Controller, Get, HttpCode, Post, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { StepUpService } from '../auth/step-up.service.js';
import { BrowserSessions } from '../oauth/browser-sessions.service.js';
import { Public } from '../security/access.decorators.js';
import { FormTokens } from '../security/form-tokens.js';
import { Page } from '../security/input.decorators.js';
import { Sensitive } from '../security/rate-limit.decorators.js';
import { ConfirmPages } from './confirm-pages.service.js';
import { FormInputs } from './form-inputs.js';
import { PageForm } from '../security/page-form.js';
import { ConfirmForm } from './forms.dto.js';
import { SignInService } from './sign-in.service.js';
import { CurrentVisit, type Visit } from '../security/visit.js';
import { WaitingApplications } from './waiting.service.js';

/** Where somebody arrives who is to sign in: those who are signed in already are asked once more, or let somebody else. */
@ApiExcludeController()
@Controller({ path: 'login', version: VERSION_NEUTRAL })
export class ConfirmController {
  constructor(
    private readonly browsers: BrowserSessions,
    private readonly signIn: SignInService,
    private readonly pages: ConfirmPages,
    private readonly stepUps: StepUpService,
    private readonly waiting: WaitingApplications,
    private readonly inputs: FormInputs,
    private readonly forms: FormTokens,
  ) {}

  @Get(['', ':interaction'])
  @Public()
  @Page()
  async show(@CurrentVisit() visit: Visit): Promise<string> {
    const person = await this.browsers.find(visit.request);
    if (!person) return this.signIn.ask(visit);
    return visit.interaction ? this.pages.ask(visit, person) : visit.goTo('/account');
  }

  /** The same for what an account would be lost by. */
  @Get(':interaction/confirm')
  @Public()
  @Page()
  async confirm(@CurrentVisit() visit: Visit): Promise<string> {
    const person = await this.browsers.find(visit.request);
    return person ? this.pages.ask(visit, person) : this.signIn.ask(visit);
  }

  @Post(':interaction/confirm')
  @HttpCode(200)
  @Public()
  @Sensitive()
  @Page()
  async prove(@CurrentVisit() visit: Visit, @Body() form: ConfirmForm): Promise<string> {
    this.forms.require(visit.request, form.csrf);
    const person = await this.browsers.find(visit.request);
    if (!person) return visit.goTo(visit.path);
    return this.pages.step(visit, person, form, async () => {
      const acr = await this.stepUps.prove(person, this.inputs.confirmation(form), visit.device);
      return this.waiting.goOn(visit, await this.browsers.renew(visit.request, visit.reply, person, acr));
    });
  }

  @Post(':interaction/switch')
  @HttpCode(200)
  @Public()
  @Page()
  async switch(@CurrentVisit() visit: Visit, @Body() { csrf }: PageForm): Promise<string> {
    this.forms.require(visit.request, csrf);
    const person = await this.browsers.find(visit.request);
    await this.waiting.release(visit);
    if (person) await this.browsers.end(visit.request, visit.reply, person);
    return visit.goTo(visit.path);
  }
}
