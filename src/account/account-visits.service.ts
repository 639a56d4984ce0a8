import { Injectable } from '@nestjs/common';
import { Problem } from '../errors/problem.js';
import { BrowserSessions } from '../oauth/browser-sessions.service.js';
import { FormTokens } from '../security/form-tokens.js';
import type { Caller } from '../security/principal.js';
import type { Scope } from '../security/scopes.js';
import { requireHeld } from '../security/scopes.guard.js';
import { RECENT_LOGIN, requireStepUp, type StepUp } from '../security/step-up.js';
import type { Visit } from '../security/visit.js';

/** What a form of the page asks of whoever sends it: the same as the route of the API that does the same. */
interface Demand {
  readonly scope: Scope;
  readonly stepUp?: StepUp;
  /** A script asks, and goes on by itself where it is told to. */
  readonly isScript?: boolean;
}

/** Of what lets people in. */
export const WAY_IN: Demand = { scope: 'profile:write', stepUp: RECENT_LOGIN };

/** Lets people do on their page what they may do by the API, and sends those away who have to sign in or to show more. */
@Injectable()
export class AccountVisits {
  constructor(
    private readonly browsers: BrowserSessions,
    private readonly forms: FormTokens,
  ) {}

  /** Does it for whoever is signed in, and answers with the page that comes next. */
  async act(
    visit: Visit,
    { csrf }: { csrf: string },
    { scope, stepUp, isScript = false }: Demand,
    work: (person: Caller) => Promise<string | void>,
  ): Promise<string> {
    this.forms.require(visit.request, csrf);
    const person = await this.browsers.find(visit.request);
    if (!person && isScript) throw new Problem('authentication_required');
    if (!person) return visit.goTo('/login');
    try {
      requireHeld(person, [scope]);
      if (stepUp) requireStepUp(person, stepUp);
      return (await work(person)) ?? visit.goTo('/account');
    } catch (error) {
      if (isScript) throw error;
      if (error instanceof Problem && error.code === 'step_up_required') return visit.goTo('/login/account/confirm');
      // Ended meanwhile, perhaps in another tab: the page shows what there is.
      if (error instanceof Problem && error.code === 'not_found') return visit.goTo('/account');
      throw error;
    }
  }
}
