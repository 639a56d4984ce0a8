import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { isEmail } from 'class-validator';
import { DataSource } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { PasswordsService } from '../auth/passwords.service.js';
import { SYSTEM } from '../security/principal.js';
import type { Role } from '../security/scopes.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { UsageError } from './context.js';

const MIN_PASSWORD = 15;

/** A password nobody has to invent: 120 random bits. */
export const randomPassword = (): string => randomBytes(15).toString('base64url');

/** Creates an active person from the terminal, where the operator already holds every key. */
export async function createPerson(
  app: INestApplicationContext,
  { email, password, roles }: { email: string; password: string; roles: Role[] },
): Promise<User> {
  if (!isEmail(email)) throw new UsageError('that is no e-mail address');
  if ([...password].length < MIN_PASSWORD) throw new UsageError(`a password has at least ${MIN_PASSWORD} characters`);
  const passwords = app.get(PasswordsService);
  const hash = await passwords.hash(password);
  return app.get(DataSource).transaction(async (manager) => {
    const user = await app.get(UsersService).create(manager, { email, roles, status: 'active' });
    await passwords.store(manager, user.id, hash);
    await app.get(AuditService).record(manager, SYSTEM, 'user.registered', user.id, { roles });
    return user;
  });
}
