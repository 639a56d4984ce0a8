import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { unsafeSettings } from './checks.js';
import { secretSources } from './secret-sources.js';
import type { Variable } from './variable.js';
import { variables } from './variables.js';

type Variables = typeof variables;
type ValueOf<V> = V extends Variable<infer T> ? T : never;

/** Every setting, parsed and typed. Secrets are resolved; nothing else in the code base reads `process.env`. */
export type Env = { readonly [K in keyof Variables]: ValueOf<Variables[K]> };

/** What is wrong with the settings: names and reasons, never a value (ASVS 13.3.1). */
export class SettingsError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }
}

/** The process environment over an optional `.env` file, which never overrides it. Throws SettingsError. */
export function processEnvironment(): NodeJS.ProcessEnv {
  try {
    // A byte order mark would be a part of the first name, and that setting lost without a word; so would all of UTF-16.
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const file = existsSync('.env') ? parseEnv(decoder.decode(readFileSync('.env'))) : {};
    return { ...file, ...process.env };
  } catch {
    throw new SettingsError(['the file .env cannot be read']);
  }
}

/** Reads and validates every variable. Throws one SettingsError that names all that are wrong. */
export async function readEnv(source: NodeJS.ProcessEnv = processEnvironment()): Promise<Env> {
  return readVariables(Object.keys(variables) as (keyof Env)[], unsafeSettings, source);
}

/** The same for some of them: a command takes no secret that it has no use for. */
export async function readVariables<K extends keyof Env>(
  names: readonly K[],
  judge: (env: Pick<Env, K>) => string[],
  source: NodeJS.ProcessEnv = processEnvironment(),
): Promise<Pick<Env, K>> {
  const problems = new Problems();
  const values: Record<string, unknown> = {};
  const sources = await secretSources(source).catch((error: unknown) => problems.add(messageOf(error)));
  for (const name of names) {
    const variable: Variable<unknown> = variables[name];
    values[name] = variable.fallback;
    try {
      if (variable.secret && !sources) problems.silence(name);
      const given = variable.secret ? await sources?.read(name) : source[name];
      if (given !== undefined && given !== '') values[name] = variable.parse(given);
    } catch (error) {
      problems.add(`${name} ${messageOf(error)}`);
    }
  }
  const env = values as Pick<Env, K>;
  for (const problem of judge(env)) problems.add(problem);
  problems.throwIfAny();
  return env;
}

/** Sentences that begin with the name of a variable. The first about a variable stands: later ones follow from it. */
class Problems {
  private readonly byName = new Map<string, string | null>();

  add(sentence: string): void {
    const [name = ''] = sentence.split(' ', 1);
    if (!this.byName.has(name)) this.byName.set(name, sentence);
  }

  /** Nothing is known about this variable: nothing is said. */
  silence(name: string): void {
    this.byName.set(name, null);
  }

  throwIfAny(): void {
    const sentences = [...this.byName.values()].filter((sentence) => sentence !== null);
    if (sentences.length > 0) throw new SettingsError(sentences);
  }
}

/** Only messages written in this folder reach a person: any other error could repeat the value it choked on. */
const messageOf = (error: unknown): string => (error instanceof RangeError ? error.message : 'cannot be read');
