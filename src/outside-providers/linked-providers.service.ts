import { Injectable } from '@nestjs/common';
import type { AccountProvider } from '../pages/account-model.js';
import type { Caller } from '../security/principal.js';
import { OutsideAccounts } from './outside-accounts.service.js';
import { OutsideProviders } from './outside-providers.service.js';

/** What people see of the providers on the page of their account. */
@Injectable()
export class LinkedProviders {
  constructor(
    private readonly providers: OutsideProviders,
    private readonly accounts: OutsideAccounts,
  ) {}

  /** Every provider there is, and those that somebody is linked with though it is not there any more. */
  async of({ subject: userId }: Caller): Promise<AccountProvider[]> {
    const [accounts, hasOtherWay] = await Promise.all([
      this.accounts.listOf(userId),
      this.accounts.hasOtherWay(userId),
    ]);
    const working = accounts.filter((account) => this.accounts.works(account)).map(({ provider }) => provider);
    const linked = new Set(accounts.map(({ provider }) => provider));
    const names = new Set([...this.providers.list().map(({ name }) => name), ...linked]);
    return [...names].map((name) => ({
      name,
      label: this.providers.find(name)?.label ?? name,
      linked: linked.has(name),
      works: working.includes(name),
      canUnlink: linked.has(name) && (hasOtherWay || working.some((other) => other !== name)),
    }));
  }
}
