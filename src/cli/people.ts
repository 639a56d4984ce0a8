import type { INestApplicationContext } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { isNewPassword, MAX_PASSWORD, MIN_PASSWORD } from '../auth/new-password.js';
import { PasswordPolicy } from '../auth/password-policy.service.js';
import { PasswordsService } from '../auth/passwords.service.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { isAddress } from '../security/fields.js';
import { SYSTEM } from '../security/principal.js';
import type { Role } from '../security/scopes.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { UsageError } from './context.js';

export const createAdministrator = (app: INestApplicationContext, email: string, password: string): Promise<User> =>
  inTransaction(app.get(DataSource), (manager) => createPerson(app, manager, { email, password, roles: ['admin'] }));

/**
 * Creates an active person from the terminal, where the operator already holds every key, in the caller's transaction.
 * Throws UsageError; what may be stored is what may be registered, so that whoever is made can log in.
 */
export async function createPerson(
  app: INestApplicationContext,
  manager: EntityManager,
  { email, password, roles }: { email: string; password: string; roles: Role[] },
): Promise<User> {
  if (!isAddress(email)) throw new UsageError('that is no e-mail address');
  if (!isNewPassword(password)) throw new UsageError(`a password has ${MIN_PASSWORD} to ${MAX_PASSWORD} characters`);
  await app
    .get(PasswordPolicy)
    .require(password, 'password', { email })
    .catch((error: unknown) => {
      const [first] = (error instanceof Problem && error.options.errors) || [];
      throw first ? new UsageError(`the password ${first.detail.toLowerCase().replace(/\.$/, '')}`) : error;
    });
  const passwords = app.get(PasswordsService);
  const user = await app
    .get(UsersService)
    .create(manager, { email, roles, status: 'active', emailVerifiedAt: new Date() })
    .catch((error: unknown) => {
      const taken = error instanceof Problem && error.code === 'email_taken';
      throw taken ? new UsageError('this e-mail address is taken') : error;
    });
  await passwords.store(manager, user.id, await passwords.hash(password));
  await app.get(AuditService).record(manager, SYSTEM, 'user.registered', user.id, { roles });
  return user;
}
