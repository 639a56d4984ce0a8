import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Problem } from '../errors/problem.js';
import { command, UsageError } from './context.js';
import { createPerson, randomPassword } from './people.js';

const USAGE = 'usage: npm run admin:create -- <email> [--password-file <file>]';

/** Makes an administrator. Without a file the password is random and shown this once; it is never an argument. */
await command(async (app) => {
  const { email, password, shown } = readArguments();
  await createPerson(app, { email, password, roles: ['admin'] }).catch((error: unknown) => {
    throw error instanceof Problem && error.code === 'email_taken'
      ? new UsageError('this e-mail address is taken')
      : error;
  });
  process.stdout.write(`administrator ${email}\n${shown ? `password      ${password}\n` : ''}`);
});

function readArguments(): { email: string; password: string; shown: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { 'password-file': { type: 'string' } },
    });
    const [email, ...rest] = positionals;
    if (!email || rest.length > 0) throw new UsageError(USAGE);
    const file = values['password-file'];
    const password = file ? readFileSync(file, 'utf8').replace(/\r?\n$/, '') : randomPassword();
    return { email, password, shown: !file };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(USAGE);
  }
}
