import { readFileSync } from 'node:fs';
import { command, UsageError } from './context.js';

/** `rotate` makes a new signing key; `import <pem>` takes one. Running instances follow within a second or two. */
await command({
  input(env) {
    const [action, file, ...rest] = process.argv.slice(2);
    if (env.SIGNING_KEY) throw new UsageError('SIGNING_KEY is set: change it, or unset it, to sign with another key');
    if (action === 'rotate' && !file) return {};
    if (action === 'import' && file && rest.length === 0) return { pem: read(file) };
    throw new UsageError('usage: npm run keys:rotate, or npm run keys:import -- <pem file>');
  },
  async run(app, { pem }) {
    const [{ SigningKeysService }, { SYSTEM }] = await Promise.all([
      import('../auth/signing-keys.service.js'),
      import('../security/principal.js'),
    ]);
    const keys = app.get(SigningKeysService);
    const kid = pem === undefined ? await keys.rotate(SYSTEM) : await keys.import(pem, SYSTEM);
    process.stdout.write(`signing with ${kid}\n`);
  },
});

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError('the file cannot be read');
  }
}
