import { Injectable } from '@nestjs/common';
import type { Caller } from '../security/principal.js';
import { OutsideAccounts } from './outside-accounts.service.js';
import { OutsideProviders } from './outside-providers.service.js';

/** A provider as its owner of an account sees it. */
export interface LinkedProvider {
  readonly name: string;
  readonly label: string;
  readonly linked: boolean;
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
    const linked = new Set((await this.accounts.listOf(userId)).map(({ provider }) => provider));
    const names = new Set([...this.providers.list().map(({ name }) => name), ...linked]);
    return Promise.all(
      [...names].map(async (name) => ({
        name,
        label: this.providers.find(name)?.label ?? name,
        linked: linked.has(name),
        canUnlink: linked.has(name) && (await this.accounts.canUnlink(userId, name)),
      })),
    );
  }
}
