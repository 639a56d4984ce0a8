import { readFileSync } from 'node:fs';
import { readSigningKey, type SigningAlgorithm, signingAlgorithms } from '../config/signing-key.js';
import { command, UsageError } from './context.js';

interface Wanted {
  readonly algorithms: readonly SigningAlgorithm[];
  readonly pem?: string;
}

/** `rotate` makes new signing keys; `import <pem>` takes one. Running instances follow within a second or two. */
await command({
  input(env) {
    const wanted = read(process.argv.slice(2));
    const given = env.SIGNING_KEY ? readSigningKey(env.SIGNING_KEY).algorithm : undefined;
    if (given && wanted.algorithms.includes(given)) {
      throw new UsageError('SIGNING_KEY is set: change it, or unset it, to sign with another key');
    }
    return wanted;
  },
  async run(app, { algorithms, pem }) {
    const [{ SigningKeyChanges }, { SYSTEM }] = await Promise.all([
      import('../auth/signing-key-changes.service.js'),
      import('../security/principal.js'),
    ]);
    const keys = app.get(SigningKeyChanges);
    const made = pem === undefined ? await keys.rotate(SYSTEM, algorithms) : [await keys.import(pem, SYSTEM)];
    for (const { kid, algorithm } of made) process.stdout.write(`signing with ${kid} (${algorithm})\n`);
  },
});

function read([action, ...rest]: readonly string[]): Wanted {
  const [first, second] = rest;
  if (action === 'rotate' && rest.length === 0) return { algorithms: signingAlgorithms };
  if (action === 'rotate' && rest.length === 2 && first === '--algorithm') {
    const algorithms = signingAlgorithms.filter((algorithm) => algorithm === second);
    if (algorithms.length > 0) return { algorithms };
  }
  if (action === 'import' && first && rest.length === 1) {
    const pem = contentOf(first);
    return { algorithms: [readSigningKey(pem).algorithm], pem };
  }
  throw new UsageError(
    `usage: npm run keys:rotate [-- --algorithm ${signingAlgorithms.join('|')}], or npm run keys:import -- <pem file>`,
  );
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError('the file cannot be read');
  }
}
