import { Injectable } from '@nestjs/common';
import type { BrowserLogin } from '../oauth/browser-sessions.service.js';
import { type Interaction, Interactions } from '../oauth/interactions.service.js';
import type { Visit } from '../security/visit.js';

/** The application that waits, if one does, in the words of a page. */
export interface Waiting extends Interaction {
  readonly name: { readonly name: string };
}

/** What a visit is for: an application that waits for somebody to sign in, or the account itself. */
@Injectable()
export class WaitingApplications {
  constructor(private readonly interactions: Interactions) {}

  /** Null where none waits. Throws 400 `interaction_expired`. */
  async of({ request, interaction }: Visit): Promise<Waiting | null> {
    const found = interaction && (await this.interactions.get(request, interaction));
    return found ? { ...found, name: { name: found.client.clientName ?? found.client.clientId } } : null;
  }

  /** Where forms may end besides here: whoever allowed the application before goes on to it at once. */
  async targets(visit: Visit): Promise<string[]> {
    const redirectUri = (await this.of(visit))?.redirectUri;
    return redirectUri ? [redirectUri] : [];
  }

  /** Where somebody who has just shown who they are goes on. */
  goOn({ request, reply, interaction }: Visit, { accountId, acr, ts, amr }: BrowserLogin): Promise<string> | string {
    if (!interaction) return '/account';
    return this.interactions.finish(request, reply, interaction, { login: { accountId, acr, ts, amr } });
  }

  /** Lets somebody else sign in for it. */
  async release({ request, interaction }: Visit): Promise<void> {
    if (interaction) await this.interactions.release(request, interaction);
  }
}
