import { Injectable } from '@nestjs/common';
import type { Account, AccountClaims } from 'oidc-provider';
import { LoginStepsService } from '../auth/login-steps.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

/** People as the library and its clients see them (OpenID Connect Core section 5.1). */
@Injectable()
export class Accounts {
  constructor(
    private readonly users: UsersService,
    private readonly steps: LoginStepsService,
  ) {}

  /** Undefined for whoever may not enter now. */
  async find(id: string): Promise<(Account & { roles: readonly string[] }) | undefined> {
    const user = await this.users.findById(id);
    if (!this.steps.mayEnter(user)) return undefined;
    return { accountId: id, roles: user.roles, claims: () => claimsOf(user) };
  }
}

function claimsOf({ id, email, emailVerifiedAt, displayName, username, updatedAt }: User): AccountClaims {
  return {
    sub: id,
    email,
    email_verified: emailVerifiedAt !== null,
    ...(displayName !== null && { name: displayName }),
    ...(username !== null && { preferred_username: username }),
    updated_at: Math.floor(updatedAt.getTime() / 1000),
  };
}
