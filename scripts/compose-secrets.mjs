// @ts-check
// `npm run compose:secrets`: the secret files of docker-compose.yml, made once and never replaced.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'secrets');
const password = () => randomBytes(32).toString('hex');
const database = (/** @type {string} */ user, /** @type {string} */ secret) =>
  `postgres://${user}:${secret}@/rampart?host=/var/run/postgresql`;
// In this order: the administrator's URL holds the password that PostgreSQL is made with.
const SECRETS = {
  postgres_password: password,
  roles_database_url: () => database('rampart', readFileSync(join(folder, 'postgres_password'), 'utf8').trim()),
  migration_database_url: () => database('rampart_owner', password()),
  database_url: () => database('rampart_app', password()),
  secret_key: () => randomBytes(32).toString('base64'),
  valkey_password: password,
};

// The folder keeps other people out; the files are readable because each container reads its own as another user.
mkdirSync(folder, { recursive: true, mode: 0o700 });
for (const [name, make] of Object.entries(SECRETS)) {
  const file = join(folder, name);
  const kept = existsSync(file);
  if (!kept) writeFileSync(file, make(), { mode: 0o444, flag: 'wx' });
  process.stdout.write(`${kept ? 'kept' : 'made'} secrets/${name}\n`);
}
