import { Injectable } from '@nestjs/common';
import type { BrowserLogin } from '../oauth/browser-sessions.service.js';
import { type Interaction, Interactions } from '../oauth/interactions.service.js';
import type { Visit } from '../security/visit.js';

/** An application that waits for somebody. */
export type Waiting = Interaction;

/** What a visit is for: an application that waits for somebody to sign in, or the account itself. */
@Injectable()
export class WaitingApplications {
  constructor(private readonly interactions: Interactions) {}

  /** Null where none waits. Throws 400 `interaction_expired`. */
  async of({ request, interaction }: Visit): Promise<Waiting | null> {
    return interaction ? this.interactions.get(request, interaction) : null;
  }

  /** Where somebody who has just shown who they are goes on. */
  goOn({ request, reply, interaction }: Visit, login: BrowserLogin): Promise<string> | string {
    return interaction ? this.interactions.finish(request, reply, interaction, { login: { ...login } }) : '/account';
  }

  /** Lets somebody else sign in for it. */
  async release({ request, interaction }: Visit): Promise<void> {
    if (interaction) await this.interactions.release(request, interaction);
  }
}

/** Where forms may end besides here: whoever allowed the application before goes on to it at once. */
export const targetsOf = (waiting: Waiting | null): string[] => (waiting?.redirectUri ? [waiting.redirectUri] : []);
