import { Body, Controller, Get, HttpCode, Post, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Problem } from '../errors/problem.js';
import { BrowserSessions } from '../oauth/browser-sessions.service.js';
import { ConsentService, isFixed } from '../oauth/consent.service.js';
import { Interactions } from '../oauth/interactions.service.js';
import { type ConsentClient, consentView } from '../pages/consent.view.js';
import { wordsOf } from '../pages/scope-words.js';
import { Public } from '../security/access.decorators.js';
import { FormTokens } from '../security/form-tokens.js';
import type { Caller } from '../security/principal.js';
import { Page } from '../security/input.decorators.js';
import { UsersService } from '../users/users.service.js';
import { ConsentForm } from './forms.dto.js';
import { CurrentVisit, type Visit } from '../security/visit.js';
import { targetsOf, type Waiting, WaitingApplications } from './waiting.service.js';

/** Whether an application gets what it asks for is decided here, by the person, scope by scope. */
@ApiExcludeController()
@Controller({ path: 'consent/:interaction', version: VERSION_NEUTRAL })
export class ConsentController {
  constructor(
    private readonly browsers: BrowserSessions,
    private readonly waiting: WaitingApplications,
    private readonly interactions: Interactions,
    private readonly consents: ConsentService,
    private readonly users: UsersService,
    private readonly forms: FormTokens,
  ) {}

  @Get()
  @Public()
  @Page()
  async show(@CurrentVisit() visit: Visit): Promise<string> {
    const { person, application } = await this.both(visit);
    const asked = await this.consents.asked(person, application);
    const { email } = await this.users.getUser(person.subject);
    const markup = consentView({
      action: `/consent/${application.uid}`,
      csrf: this.forms.issue(visit.request, visit.reply),
      client: clientOf(application),
      user: { email },
      scopes: asked
        .filter(({ scope }) => scope !== 'offline_access')
        .map(({ scope, isNew }) => ({
          scope,
          ...wordsOf(scope),
          isNew,
          required: isFixed(scope),
        })),
      offline: asked.some(({ scope }) => scope === 'offline_access'),
    });
    return visit.page(markup, { targets: targetsOf(application) });
  }

  @Post()
  @HttpCode(200)
  @Public()
  @Page()
  async decide(@CurrentVisit() visit: Visit, @Body() { csrf, decision, scope = [] }: ConsentForm): Promise<string> {
    this.forms.require(visit.request, csrf);
    const { person, application } = await this.both(visit);
    const { request, reply } = visit;
    if (decision === 'cancel') {
      const refusal = { error: 'access_denied', error_description: 'The person did not allow it.' };
      return visit.goTo(await this.interactions.finish(request, reply, application.uid, refusal));
    }
    const grantId = await this.consents.allow(person, application, new Set([scope].flat()));
    return visit.goTo(await this.interactions.finish(request, reply, application.uid, { consent: { grantId } }));
  }

  /** Nobody decides for somebody else, nor about what is not asked. */
  private async both(visit: Visit): Promise<{ person: Caller; application: Waiting }> {
    const [person, application] = [await this.browsers.find(visit.request), await this.waiting.of(visit)];
    const isTheirs = person && application?.prompt === 'consent' && application.personId === person.subject;
    if (!isTheirs) throw new Problem('interaction_expired');
    return { person, application };
  }
}

const clientOf = ({ client, name, redirectUri }: Waiting) => ({
  ...name,
  id: client.clientId,
  redirectHost: redirectUri && hostOf(redirectUri),
  madeBy: makerOf(client),
});

function makerOf({ owned, registered }: Waiting['client']): ConsentClient['madeBy'] {
  if (registered === true) return 'itself';
  return owned === true ? 'user' : 'administrator';
}

/** A scheme of its own leads to a program on the device. */
function hostOf(uri: string): string {
  const { host, protocol } = new URL(uri);
  return host || protocol.slice(0, -1);
}
