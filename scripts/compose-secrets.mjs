// @ts-check
// `npm run compose:secrets`: the secret files of docker-compose.yml, made once and never replaced.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'secrets');
const SECRETS = {
  postgres_password: () => randomBytes(32).toString('hex'),
  secret_key: () => randomBytes(32).toString('base64'),
  valkey_password: () => randomBytes(32).toString('hex'),
};

// The folder keeps other people out; the files are readable because each container reads its own as another user.
mkdirSync(folder, { recursive: true, mode: 0o700 });
for (const [name, make] of Object.entries(SECRETS)) {
  const file = join(folder, name);
  const kept = existsSync(file);
  if (!kept) writeFileSync(file, make(), { mode: 0o444, flag: 'wx' });
  process.stdout.write(`${kept ? 'kept' : 'made'} secrets/${name}\n`);
}
