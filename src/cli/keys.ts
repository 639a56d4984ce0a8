import { readFileSync } from 'node:fs';
import { SigningKeysService } from '../auth/signing-keys.service.js';
import { SYSTEM } from '../security/principal.js';
import { command, UsageError } from './context.js';

/** `rotate` makes a new signing key; `import <pem>` takes one. Running instances follow within a second or two. */
await command(async (app, env) => {
  const [action, file] = process.argv.slice(2);
  if (env.SIGNING_KEY) throw new UsageError('SIGNING_KEY is set: change it, or unset it, to sign with another key');
  const keys = app.get(SigningKeysService);
  if (action === 'rotate' && !file) {
    process.stdout.write(`signing with ${await keys.rotate(SYSTEM)}\n`);
  } else if (action === 'import' && file) {
    process.stdout.write(`signing with ${await keys.import(read(file), SYSTEM)}\n`);
  } else {
    throw new UsageError('usage: npm run keys:rotate, or npm run keys:import -- <pem file>');
  }
});

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError('the file cannot be read');
  }
}
