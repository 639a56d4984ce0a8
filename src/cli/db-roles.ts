import pg from 'pg';
import { readRoles, type RoleSettings } from '../config/roles.js';
import { checkConnection } from '../database/connection-check.js';
import { existingRoles, makeRoles, RolesError, type RoleSpec } from '../database/roles.js';
import { startFailure } from '../start-failure.js';
import { randomPassword } from './random-password.js';

/** Makes the two roles as an administrator of the server. A password that nobody gave is random and shown this once. */
try {
  if (process.argv.length > 2) throw new RolesError('db:roles takes no argument: it reads the settings');
  const settings = await readRoles();
  await checkConnection('ROLES_DATABASE_URL', settings.admin);
  process.stdout.write(await provide(settings));
} catch (error) {
  process.stderr.write(`rampart: ${error instanceof RolesError ? error.message : startFailure(error)}\n`);
  process.exitCode = 1;
}

async function provide({ admin, owner, application, urlFor }: RoleSettings): Promise<string> {
  const client = new pg.Client({ ...admin, application_name: 'rampart-roles' });
  await client.connect();
  try {
    const existing = await existingRoles(client, [owner.name, application.name]);
    const lines: string[] = [];
    const [own, app] = [owner, application].map(({ setting, name, password }) => {
      const isNew = !existing.has(name);
      const random = isNew && password === undefined ? randomPassword() : undefined;
      lines.push(`${name} ${isNew ? 'made' : 'kept'}`);
      if (random) lines.push(`${setting}=${urlFor(name, random)}`);
      return { name, password: password ?? random };
    }) as [RoleSpec, RoleSpec];
    await makeRoles(client, own, app);
    return `${lines.join('\n')}\n`;
  } finally {
    await client.end();
  }
}
