import { closeSync, openSync, readSync } from 'node:fs';
import { vaultSource } from './vault.js';

const MAX_SECRET_BYTES = 65_536;

/** Where secrets come from. Each is asked for each secret once, at start. */
export interface SecretSource {
  /** The secret, or `undefined` when this source does not hold it. Throws RangeError with a safe message. */
  read(name: string): Promise<string | undefined> | string | undefined;
}

/**
 * An adapter for a secret manager: opens it where the environment asks for it, else returns `undefined`.
 * Throws RangeError with a sentence that begins with the name of the variable at fault and holds no value.
 */
export type OpenSource = (env: NodeJS.ProcessEnv) => Promise<SecretSource | undefined> | SecretSource | undefined;

/** Another manager is one more function in this list. */
const managers: readonly OpenSource[] = [vaultSource];

/** `NAME` in the environment. */
const environmentSource = (env: NodeJS.ProcessEnv): SecretSource => ({ read: (name) => env[name] || undefined });

/** The file that `NAME_FILE` names, as docker and Kubernetes mount secrets; one trailing newline is not part of it. */
const fileSource = (env: NodeJS.ProcessEnv): SecretSource => ({
  read(name) {
    const path = env[`${name}_FILE`];
    if (!path) return undefined;
    if (env[name]) throw new RangeError(`and ${name}_FILE are both set: keep one`);
    const content = readBounded(path);
    if (content === undefined) throw new RangeError(`cannot be read from the file that ${name}_FILE names`);
    if (content.length <= MAX_SECRET_BYTES) return content.toString('utf8').replace(/\r?\n$/, '');
    throw new RangeError(`is larger than ${MAX_SECRET_BYTES} bytes in the file that ${name}_FILE names`);
  },
});

/** At most one byte more than is allowed: what a path names may have no size, or no end. */
function readBounded(path: string): Buffer | undefined {
  const buffer = Buffer.alloc(MAX_SECRET_BYTES + 1);
  try {
    const file = openSync(path, 'r');
    try {
      let length = 0;
      let read: number;
      do {
        read = readSync(file, buffer, length, buffer.length - length, null);
        length += read;
      } while (read > 0);
      return buffer.subarray(0, length);
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/** All configured sources as one, the nearest first: a file, the environment, then the secret managers. */
export async function secretSources(
  env: NodeJS.ProcessEnv,
  adapters: readonly OpenSource[] = managers,
): Promise<SecretSource> {
  const opened = await Promise.all(adapters.map(async (open) => open(env)));
  const sources = [fileSource(env), environmentSource(env), ...opened];
  return {
    async read(name) {
      for (const source of sources) {
        const value = await source?.read(name);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  };
}
