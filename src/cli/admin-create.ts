import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { command, UsageError } from './context.js';
import { randomPassword } from './random-password.js';

const USAGE = 'usage: npm run admin:create -- <email> [--password-file <file>]';

/** Makes an administrator. Without a file the password is random and shown this once; it is never an argument. */
await command({
  input: readArguments,
  async run(app, { email, password, shown }) {
    const { createAdministrator } = await import('./people.js');
    await createAdministrator(app, email, password);
    process.stdout.write(`administrator ${email}\n${shown ? `password      ${password}\n` : ''}`);
  },
});

function readArguments(): { email: string; password: string; shown: boolean } {
  const { email, file } = parseArguments();
  return { email, password: file ? readPassword(file) : randomPassword(), shown: !file };
}

function parseArguments(): { email: string; file: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { 'password-file': { type: 'string' } },
    });
    const [email, ...rest] = positionals;
    if (email && rest.length === 0) return { email, file: values['password-file'] };
  } catch {
    // An option there is not.
  }
  throw new UsageError(USAGE);
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw new UsageError('the password file cannot be read');
  }
}
