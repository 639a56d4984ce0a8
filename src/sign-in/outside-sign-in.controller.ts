import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { OutsideFlows } from '../outside-providers/outside-flows.service.js';
import { OutsideSignIn } from '../outside-providers/outside-sign-in.service.js';
import { Public } from '../security/access.decorators.js';
import { Page } from '../security/input.decorators.js';
import { RouteLimit } from '../security/rate-limit.decorators.js';
import { CurrentVisit, type Visit } from '../security/visit.js';
import { SignInService } from './sign-in.service.js';

/**
 * Where somebody arrives whom another provider has named: on the path of what they sign in for, because the library knows a browser
 * by a cookie for that path alone.
 */
@ApiExcludeController()
@Controller({ path: 'login', version: VERSION_NEUTRAL })
export class OutsideSignInController {
  constructor(
    private readonly flows: OutsideFlows,
    private readonly outside: OutsideSignIn,
    private readonly pages: SignInService,
  ) {}

  @Get(':interaction/outside')
  @Public()
  @RouteLimit('60/minute')
  @Page()
  finish(@CurrentVisit() visit: Visit): Promise<string> {
    return this.pages.step(
      visit,
      async () => this.outside.signIn(visit.actor, await this.flows.takeSignIn(visit), visit.device),
      (error) => this.pages.ask(visit, { error }),
    );
  }
}
