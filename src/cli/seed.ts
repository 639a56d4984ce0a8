import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import type { Env } from '../config/env.js';
import { inTransaction } from '../database/transaction.js';
import { OAuthClientsService } from '../oauth-clients/oauth-clients.service.js';
import { SYSTEM } from '../security/principal.js';
import { scopesOf } from '../security/scopes.js';
import { UsersService } from '../users/users.service.js';
import { command, UsageError } from './context.js';
import { createPerson } from './people.js';
import { randomPassword } from './random-password.js';

const USER_EMAIL = 'user@example.com';
/** The same in every database, so that an example can name it. */
const DEMO_CLIENT_ID = '01936000-0000-7000-8000-00000000de30';
const DEMO_CLIENT: Parameters<OAuthClientsService['ensure']>[3] = {
  name: 'Demo application',
  applicationType: 'native',
  tokenEndpointAuthMethod: 'none',
  grantTypes: ['authorization_code', 'refresh_token'],
  redirectUris: ['http://127.0.0.1:8765/callback'],
  scopes: ['openid', 'profile', 'email', 'offline_access', 'data:read', 'data:write'],
};

/** Fills an empty database with an administrator, a user, a key of the user's and an OAuth client of nobody's; prints their credentials once, as JSON. */
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
    await app.get(OAuthClientsService).ensure(manager, SYSTEM, DEMO_CLIENT_ID, DEMO_CLIENT);
    return { admin: env.SEED_ADMIN_PASSWORD ? { email } : { email, password }, user, apiKey: key };
  });
}
