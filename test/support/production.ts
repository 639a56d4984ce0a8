import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Variable } from '../../src/config/variable.js';
import { variables } from '../../src/config/variables.js';
import type { TestDatabase } from './database.js';
import { type Refusal, startRefused } from './process.js';

/** A whole environment of production on this database; it starts, and each case changes one variable of it. */
export const productionSettings = ({ url }: Pick<TestDatabase, 'url'>) =>
  ({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    PUBLIC_URL: 'https://api.example.com',
    TRUSTED_PROXIES: '10.0.0.0/8',
    CORS_ORIGINS: 'https://app.example.com',
    CORS_CREDENTIALS: 'true',
    SECURITY_CONTACT: 'mailto:security@example.com',
    DATABASE_URL: url,
    SECRET_KEY: randomBytes(32).toString('base64'),
  }) as const satisfies NodeJS.ProcessEnv;

export interface JudgedRefusal extends Omit<Refusal, 'output'> {
  readonly lines: readonly string[];
  /** The secrets of the environment that came out. */
  readonly shown: readonly string[];
}

/** A start in production that should be refused: the lines it said, and which secrets are in them. */
export async function refusalOf(settings: NodeJS.ProcessEnv): Promise<JudgedRefusal> {
  const { output, ...rest } = await startRefused(settings);
  return {
    ...rest,
    lines: output.trimEnd().split('\n'),
    shown: secretsOf(settings).filter((secret) => output.includes(secret)),
  };
}

/** What a good refusal looks like: one line, exit code 1, no port, no secret. */
export const refusedWith = (line: unknown): JudgedRefusal => ({
  code: 1,
  opened: [],
  lines: [line as string],
  shown: [],
});

const contentOf = (path: string | undefined): string | undefined =>
  path && statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : undefined;

/** The values of secrets, of URLs their passwords, of keys in PEM their lines. */
function secretsOf(settings: NodeJS.ProcessEnv): string[] {
  return Object.entries<Variable<unknown>>(variables)
    .filter(([, { secret }]) => secret)
    .flatMap(([name]) => [settings[name], contentOf(settings[`${name}_FILE`])])
    .flatMap((text) => text?.split('\n') ?? [])
    .flatMap((value) => [value, URL.canParse(value) ? decodeURIComponent(new URL(value).password) : ''])
    .filter((value) => value.length > 4 && !value.startsWith('-----'));
}
