import { Body, Controller, Get, HttpCode, Param, Post, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { BrowserSessions } from '../oauth/browser-sessions.service.js';
import { OutsideAccounts } from '../outside-providers/outside-accounts.service.js';
import { OutsideFlows } from '../outside-providers/outside-flows.service.js';
import { OutsideProviders } from '../outside-providers/outside-providers.service.js';
import { onwardView } from '../pages/onward.view.js';
import { Public } from '../security/access.decorators.js';
import { Page } from '../security/input.decorators.js';
import { RouteLimit } from '../security/rate-limit.decorators.js';
import { PageForm } from '../security/page-form.js';
import { CurrentVisit, type Visit } from '../security/visit.js';
import { AccountVisits, WAY_IN } from './account-visits.service.js';

/** Accounts elsewhere, on the page of an account. */
@ApiExcludeController()
@Controller({ path: 'account/providers', version: VERSION_NEUTRAL })
export class ProvidersPageController {
  constructor(
    private readonly visits: AccountVisits,
    private readonly browsers: BrowserSessions,
    private readonly providers: OutsideProviders,
    private readonly flows: OutsideFlows,
    private readonly accounts: OutsideAccounts,
  ) {}

  @Post(':name/link')
  @HttpCode(200)
  @Public()
  @Page()
  link(@CurrentVisit() visit: Visit, @Param('name') name: string, @Body() form: PageForm): Promise<string> {
    return this.visits.act(visit, form, WAY_IN, async (person) => {
      const { label } = this.providers.get(name);
      const { href } = await this.flows.beginLink(visit, name, person);
      // A page, and no redirect: `form-action` would hold for every address that the provider sends on to.
      void visit.reply.header('refresh', `0;url=${href}`);
      return visit.page(onwardView({ label, href }));
    });
  }

  /** Where the browser is when it comes back. The form that began it was ours, and only this browser can have what came of it. */
  @Get('finish')
  @Public()
  @RouteLimit('60/minute')
  @Page()
  async finish(@CurrentVisit() visit: Visit): Promise<string> {
    const person = await this.browsers.find(visit.request);
    if (!person) return visit.goTo('/login');
    const { provider, identity } = await this.flows.takeLink(visit, person);
    await this.accounts.link(person, this.providers.get(provider), identity.subject, visit.device);
    return visit.goTo('/account');
  }

  @Post(':name/end')
  @HttpCode(200)
  @Public()
  @Page()
  end(@CurrentVisit() visit: Visit, @Param('name') name: string, @Body() form: PageForm): Promise<string> {
    return this.visits.act(visit, form, WAY_IN, (person) => this.accounts.unlink(person, name, visit.device));
  }
}
