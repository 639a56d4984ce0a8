import { Body, Controller, Get, HttpCode, Post, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { SessionsService } from '../auth/sessions.service.js';
import { BrowserSessions } from '../oauth/browser-sessions.service.js';
import { GrantsService } from '../oauth/grants.service.js';
import { accountView } from '../pages/account.view.js';
import { Public } from '../security/access.decorators.js';
import { FormTokens } from '../security/form-tokens.js';
import type { Caller } from '../security/principal.js';
import { Page } from '../security/input.decorators.js';
import { RecordId } from '../security/record-id.js';
import { PageForm } from '../security/page-form.js';
import { CurrentVisit, type Visit } from '../security/visit.js';
import { AccountVisits } from './account-visits.service.js';
import { AccountService } from './account.service.js';

/** Addresses to which forms are sent. */
const FORMS = [
  'sign-out',
  'sessions/end',
  'sessions/:id/end',
  'grants/:id/end',
  'keys/:id/end',
  'passkeys',
  'passkeys/:id/end',
  'providers/:name/link',
  'providers/:name/end',
];

/** The page on which people see what has access to their account, and end it. */
@ApiExcludeController()
@Controller({ path: 'account', version: VERSION_NEUTRAL })
export class AccountController {
  constructor(
    private readonly browsers: BrowserSessions,
    private readonly account: AccountService,
    private readonly visits: AccountVisits,
    private readonly sessions: SessionsService,
    private readonly grants: GrantsService,
    private readonly keys: ApiKeysService,
    private readonly forms: FormTokens,
  ) {}

  @Get()
  @Public()
  @Page()
  async show(@CurrentVisit() visit: Visit): Promise<string> {
    const person = await this.browsers.find(visit.request);
    if (!person) return visit.goTo('/login');
    const csrf = this.forms.issue(visit.request, visit.reply);
    return visit.page(accountView({ csrf, ...(await this.account.of(person)) }));
  }

  /** Where a form has led, and somebody loads the page again without it. */
  @Get(FORMS)
  @Public()
  @Page()
  back(@CurrentVisit() visit: Visit): string {
    return visit.goTo('/account');
  }

  @Post('sign-out')
  @HttpCode(200)
  @Public()
  @Page()
  signOut(@CurrentVisit() visit: Visit, @Body() form: PageForm): Promise<string> {
    return this.visits.act(visit, form, { scope: 'sessions:write' }, (person) => this.leave(visit, person));
  }

  @Post('sessions/end')
  @HttpCode(200)
  @Public()
  @Page()
  signOutEverywhere(@CurrentVisit() visit: Visit, @Body() form: PageForm): Promise<string> {
    return this.visits.act(visit, form, { scope: 'sessions:write' }, async (person) => {
      await this.sessions.endOthers(person);
      return this.leave(visit, person);
    });
  }

  @Post('sessions/:id/end')
  @HttpCode(200)
  @Public()
  @Page()
  endSession(@CurrentVisit() visit: Visit, @RecordId() id: string, @Body() form: PageForm): Promise<string> {
    return this.visits.act(visit, form, { scope: 'sessions:write' }, (person) => this.sessions.end(person, id));
  }

  @Post('grants/:id/end')
  @HttpCode(200)
  @Public()
  @Page()
  endGrant(@CurrentVisit() visit: Visit, @RecordId() id: string, @Body() form: PageForm): Promise<string> {
    return this.visits.act(visit, form, { scope: 'sessions:write' }, (person) => this.grants.end(person, id));
  }

  @Post('keys/:id/end')
  @HttpCode(200)
  @Public()
  @Page()
  endKey(@CurrentVisit() visit: Visit, @RecordId() id: string, @Body() form: PageForm): Promise<string> {
    return this.visits.act(visit, form, { scope: 'keys:write' }, (person) => this.keys.delete(person, id));
  }

  private async leave(visit: Visit, person: Caller): Promise<string> {
    await this.browsers.end(visit.request, visit.reply, person);
    return visit.goTo('/login');
  }
}
