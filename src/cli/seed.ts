import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import type { Env } from '../config/env.js';
import { inTransaction } from '../database/transaction.js';
import { SYSTEM } from '../security/principal.js';
import { scopesOf } from '../security/scopes.js';
import { UsersService } from '../users/users.service.js';
import { command, UsageError } from './context.js';
import { createPerson } from './people.js';
import { randomPassword } from './random-password.js';

const USER_EMAIL = 'user@example.com';

/** Fills an empty database with an administrator, a user and a key of the user's; prints their credentials once, as JSON. */
await command({
  input: () => undefined,
  async run(app, _, env) {
    const seeded = (await app.get(UsersService).isEmpty()) ? await seed(app, env) : { seeded: false };
    process.stdout.write(`${JSON.stringify(seeded)}\n`);
  },
});

/** All of it or nothing: half of it would be accounts whose passwords nobody has been shown. */
function seed(app: INestApplicationContext, env: Env): Promise<object> {
  const email = env.SEED_ADMIN_EMAIL ?? 'admin@example.com';
  const password = env.SEED_ADMIN_PASSWORD ?? randomPassword();
  return inTransaction(app.get(DataSource), async (manager) => {
    const user = { email: USER_EMAIL, password: randomPassword() };
    const { id, roles } = await createPerson(app, manager, { ...user, roles: ['user'] });
    await createPerson(app, manager, { email, password, roles: ['admin'] }).catch((error: unknown) => {
      throw error instanceof UsageError
        ? new UsageError(`SEED_ADMIN_EMAIL, SEED_ADMIN_PASSWORD: ${error.message}`)
        : error;
    });
    const owner = { kind: 'user', subject: id, credentialId: id, clientId: null, requestId: '', roles } as const;
    const { key } = await app
      .get(ApiKeysService)
      .insert(
        manager,
        { ...owner, scopes: scopesOf(roles), authentication: null },
        { name: 'first key', scopes: ['data:read', 'data:write'] },
        SYSTEM,
      );
    return { admin: env.SEED_ADMIN_PASSWORD ? { email } : { email, password }, user, apiKey: key };
  });
}
