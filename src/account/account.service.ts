import { Injectable } from '@nestjs/common';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { SessionsService } from '../auth/sessions.service.js';
import { MfaService } from '../mfa/mfa.service.js';
import { GrantsService } from '../oauth/grants.service.js';
import { LinkedProviders } from '../outside-providers/linked-providers.service.js';
import type { AccountModel } from '../pages/account-model.js';
import { wordsOf } from '../pages/scope-words.js';
import { PasskeysService } from '../passkeys/passkeys.service.js';
import type { Caller } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';
import { agentInWords } from './user-agent.js';

/** Everything that people see of their account on one page. */
@Injectable()
export class AccountService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly grants: GrantsService,
    private readonly keys: ApiKeysService,
    private readonly passkeys: PasskeysService,
    private readonly mfa: MfaService,
    private readonly outside: LinkedProviders,
  ) {}

  async of(person: Caller): Promise<Omit<AccountModel, 'csrf'>> {
    const [user, sessions, grants, keys, passkeys, methods, providers] = await Promise.all([
      this.users.getUser(person.subject),
      this.sessions.list(person),
      this.grants.list(person),
      person.scopes.has('keys:read') ? this.keys.list(person) : [],
      this.passkeys.list(person),
      this.mfa.methodsOf(person.subject),
      this.outside.of(person),
    ]);
    return {
      user,
      sessions: sessions.map(({ id, userAgent, network, lastUsedAt }) => ({
        id,
        network,
        lastUsedAt,
        client: agentInWords(userAgent),
        current: id === person.credentialId,
      })),
      grants: grants.map(({ id, clientName: name, scopes, createdAt, lastUsedAt }) => ({
        id,
        name,
        createdAt,
        lastUsedAt,
        scopes: scopes.map(wordsOf),
      })),
      keys: keys.map((key) => {
        const { id, name, scopes, lastUsedAt, expiresAt } = key;
        return { id, name, scopes, lastUsedAt, expiresAt, prefix: this.keys.prefixOf(key) };
      }),
      passkeys: passkeys.map(({ id, name, createdAt, lastUsedAt }) => ({ id, name, createdAt, lastUsedAt })),
      providers,
      hasTotp: methods.includes('totp'),
      canChange: person.scopes.has('profile:write'),
    };
  }
}
