import { Inject, Injectable } from '@nestjs/common';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { violates } from '../database/transaction.js';
import type { Caller } from '../security/principal.js';
import { isIdentityScope, scopesOf } from '../security/scopes.js';
import { apiScopesOf, registeredApiScopes } from './client-metadata.js';
import { decidedBy } from './grant-adapter.js';
import { GrantEnded, GrantsService } from './grants.service.js';
import type { Interaction } from './interactions.service.js';
import { OAuthProvider } from './oauth-provider.service.js';

/** What an application asks for, and what it has already. */
export interface Asked {
  readonly scope: string;
  readonly isNew: boolean;
}

type Grant = InstanceType<Awaited<ReturnType<OAuthProvider['current']>>['Grant']>;

/** What a person lets an application do: never more than it is registered for, nor than the person holds at this moment. */
@Injectable()
export class ConsentService {
  constructor(
    private readonly provider: OAuthProvider,
    private readonly grants: GrantsService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** The scopes that can be given, of those that are asked for. */
  async asked(person: Caller, { scopes, client }: Interaction): Promise<Asked[]> {
    const before = new Set((await this.grants.findOf(person.subject, client.clientId))?.scopes);
    return this.givable(person, scopes, client).map((scope) => ({
      scope,
      isNew: before.size > 0 && !before.has(scope),
    }));
  }

  /** Gives what was chosen and refuses the rest of what was asked, in the one grant of the two. Answers its id. */
  allow(person: Caller, interaction: Interaction, chosen: ReadonlySet<string>): Promise<string> {
    return this.give(person, interaction, chosen).catch((error: unknown) => {
      // Of two first decisions at once, in two tabs, the second adds to the first; after the end of a grant it begins another.
      if (error instanceof GrantEnded || violates(error, 'oauth_grants_of_both'))
        return this.give(person, interaction, chosen);
      throw error;
    });
  }

  private async give(person: Caller, interaction: Interaction, chosen: ReadonlySet<string>): Promise<string> {
    const { scopes, client } = interaction;
    const given = this.givable(person, scopes, client).filter((scope) => chosen.has(scope) || isFixed(scope));
    const provider = await this.provider.current();
    const before = await this.grants.findOf(person.subject, client.clientId);
    const found = before && (await provider.Grant.find(before.id));
    const grant = found ?? new provider.Grant({ accountId: person.subject, clientId: client.clientId });
    this.decide(grant, scopes, given);
    return decidedBy.run({ actor: person, isNew: !found }, () => grant.save());
  }

  /** What was decided before about a scope that is asked for again counts no more. */
  private decide(grant: Grant, asked: readonly string[], given: readonly string[]): void {
    const { audience } = this.config;
    const again = new Set(asked);
    const keep = (words: string) => words.split(' ').filter((word) => word && !again.has(word));
    const [openId, api] = [keep(grant.getOIDCScope()), keep(grant.getResourceScope(audience))];
    const [noOpenId, noApi] = [keep(grant.getRejectedOIDCScope()), keep(grant.getRejectedResourceScope(audience))];
    Object.assign(grant, { openid: undefined, resources: undefined, rejected: undefined });
    const refused = asked.filter((scope) => !given.includes(scope));
    grant.addOIDCScope([...openId, ...openIdOf(given)].join(' '));
    grant.addResourceScope(audience, [...api, ...apiScopesOf(given)].join(' '));
    grant.rejectOIDCScope([...noOpenId, ...openIdOf(refused)].join(' '));
    grant.rejectResourceScope(audience, [...noApi, ...apiScopesOf(refused)].join(' '));
  }

  private givable({ roles }: Caller, asked: readonly string[], client: Interaction['client']): string[] {
    const registered = new Set<string>([...(client.scope?.split(' ') ?? []), ...registeredApiScopes(client)]);
    const held: ReadonlySet<string> = scopesOf(roles);
    return asked.filter((scope) => registered.has(scope) && (held.has(scope) || isIdentityScope(scope)));
  }
}

/** Who signs in says who they are; that an application comes back by itself is told, and refused as a whole or not at all. */
export const isFixed = (scope: string): boolean => scope === 'openid' || scope === 'offline_access';

const openIdOf = (scopes: readonly string[]): string[] => scopes.filter(isIdentityScope);
