import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { scopesOf } from '../security/scopes.js';
import { UsersService } from '../users/users.service.js';
import { command } from './context.js';
import { createPerson, randomPassword } from './people.js';

/** Fills an empty database with an administrator, a user and a key of the user's; prints their credentials once, as JSON. */
await command(async (app, env) => {
  if (!(await app.get(UsersService).isEmpty())) {
    process.stdout.write('{"seeded":false}\n');
    return;
  }
  const email = env.SEED_ADMIN_EMAIL ?? 'admin@example.com';
  const password = env.SEED_ADMIN_PASSWORD ?? randomPassword();
  await createPerson(app, { email, password, roles: ['admin'] });
  const user = { email: 'user@example.com', password: randomPassword() };
  const { id, roles } = await createPerson(app, { ...user, roles: ['user'] });
  const owner = { kind: 'user', subject: id, credentialId: id, clientId: null, requestId: '', roles } as const;
  const { key } = await app
    .get(ApiKeysService)
    .create({ ...owner, scopes: scopesOf(roles) }, { name: 'first key', scopes: ['data:read', 'data:write'] });
  const admin = env.SEED_ADMIN_PASSWORD ? { email } : { email, password };
  process.stdout.write(`${JSON.stringify({ admin, user, apiKey: key })}\n`);
});
