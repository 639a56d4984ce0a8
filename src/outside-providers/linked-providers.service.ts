import { Injectable } from '@nestjs/common';
import type { Caller } from '../security/principal.js';
import { OutsideAccounts } from './outside-accounts.service.js';
import { OutsideProviders } from './outside-providers.service.js';

/** A provider as its owner of an account sees it. */
export interface LinkedProvider {
  readonly name: string;
  readonly label: string;
  readonly linked: boolean;
  /** Its owner can sign in with it. */
  readonly works: boolean;
  /** Another way in is left. */
  readonly canUnlink: boolean;
}

/** What people see of the providers on the page of their account. */
@Injectable()
export class LinkedProviders {
  constructor(
    private readonly providers: OutsideProviders,
    private readonly accounts: OutsideAccounts,
  ) {}

  /** Every provider there is, and those that somebody is linked with though it is not there any more. */
  async of({ subject: userId }: Caller): Promise<LinkedProvider[]> {
    const linked = new Map((await this.accounts.listOf(userId)).map(({ provider, issuer }) => [provider, issuer]));
    const names = new Set([...this.providers.list().map(({ name }) => name), ...linked.keys()]);
    return Promise.all(
      [...names].map(async (name) => ({
        name,
        label: this.providers.find(name)?.label ?? name,
        linked: linked.has(name),
        // One that went from the settings, or is another's by that name now, lets nobody in.
        works: linked.has(name) && this.providers.find(name)?.issuer === linked.get(name),
        canUnlink: linked.has(name) && (await this.accounts.canUnlink(userId, name)),
      })),
    );
  }
}
