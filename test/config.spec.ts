import { randomBytes } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { processEnvironment, readEnv, SettingsError } from '../src/config/env.js';
import { formatLimits, type Limit } from '../src/config/limits.js';
import type { Variable } from '../src/config/variable.js';
import { variables } from '../src/config/variables.js';

/** Stands in bad values; a message that holds it has repeated a value. */
const MARKER = 'm4rk3r';
/** As a scanner for secrets would not want to find it in a file. */
const pem = (text: string) =>
  ['BEGIN', text, 'END'].map((part) => (part === text ? text : `-----${part} PRIVATE KEY-----`)).join('\n');
const all = Object.entries<Variable<unknown>>(variables);
const secrets = all.filter(([, { secret }]) => secret).map(([name]) => name);
const good = { DATABASE_URL: 'postgres://u:p@127.0.0.1/d', SECRET_KEY: randomBytes(32).toString('base64') };

const folder = mkdtempSync(join(tmpdir(), 'rampart-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** The sentences about settings that are refused; fails when they are accepted. */
async function problemsOf(settings: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const error: unknown = await readEnv(settings).catch((reason: unknown) => reason);
  if (error instanceof SettingsError) return error.problems;
  throw new Error('the settings were accepted, or refused with another error', { cause: error });
}

const nameIn = (problem: string): string => problem.split(' ', 1)[0] ?? '';

function refusesMarker({ parse }: Variable<unknown>): boolean {
  try {
    parse(MARKER);
    return false;
  } catch {
    return true;
  }
}

describe('.env.example', () => {
  const lines = readFileSync('.env.example', 'utf8').split('\n');
  const entries = lines.flatMap((line, index) => {
    const [, name = '', value = ''] = /^#?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    return name ? [{ name, value, above: lines[index - 1] ?? '' }] : [];
  });
  const names = entries.map(({ name }) => name);
  const settings = entries.filter(({ name }) => !/^(RAMPART|TEST)_|_FILE$/.test(name) || name in variables);

  it('documents every variable of the code and no other, once and in its order', () => {
    expect(settings.map(({ name }) => name)).toEqual(Object.keys(variables));
  });

  it('documents NAME_FILE for every secret and for nothing else', () => {
    const files = names.filter((name) => name.endsWith('_FILE') && !(name in variables));
    expect(files).toEqual(secrets.map((name) => `${name}_FILE`));
  });

  it('documents every variable that scripts and tests read of their own, and none that nothing reads', () => {
    const paths = globSync(['scripts/**/*.mjs', 'test/**/*.ts', '.ci/*', '.github/workflows/*']);
    const sources = paths.map((path) => readFileSync(path, 'utf8')).join('\n');
    const read = [...sources.matchAll(/env(?:\.|\[')((?:RAMPART|TEST)_[A-Z_]+)/g)].map(([, name]) => name);
    const documented = names.filter((name) => /^(RAMPART|TEST)_/.test(name));
    expect(documented).toEqual(expect.arrayContaining([...new Set(read)]));
    expect(documented.filter((name) => !sources.includes(name))).toEqual([]);
  });

  it.each(all)('states the default of %s', (name, { fallback, parse }) => {
    const { value = '' } = settings.find((entry) => entry.name === name) ?? {};
    const isLimits = name.startsWith('RATE_LIMIT_');
    expect(value).toBe(
      isLimits ? formatLimits(fallback as Limit[]) : String((fallback as string | number | boolean | undefined) ?? ''),
    );
    expect(value === '' ? fallback : parse(value)).toEqual(fallback);
  });

  it.each(settings)('says above $name what it means', ({ name, above }) => {
    expect(above).toMatch(/^# .{15,}[^,]$/);
    expect(above.startsWith('# Secret') || above.startsWith('# sslmode')).toBe(secrets.includes(name));
  });

  it('holds no secret', () => {
    for (const { name, value } of entries) if (secrets.includes(name)) expect(value, name).toBe('');
    expect(entries.filter(({ value }) => value.length > 24)).toEqual([]);
  });

  it('is a file that can be copied: with it as it stands, the defaults hold', async () => {
    const copied = Object.fromEntries(entries.map(({ name, value }) => [name, value]));
    expect(await readEnv({ ...copied, ...good })).toEqual(await readEnv(good));
  });
});

describe('a variable that cannot be read', () => {
  const withGrammar = all.filter(([, variable]) => refusesMarker(variable)).map(([name]) => name);

  it.each(withGrammar)('is named, without its value: %s', async (name) => {
    const problems = await problemsOf({ ...good, [name]: MARKER });
    expect(problems.map(nameIn)).toEqual([name]);
    expect(problems.join()).not.toContain(MARKER);
  });

  it.each([
    ['SECRET_KEY', MARKER],
    ['SECRET_KEY', `please-change-me-${MARKER}-please-change-me`],
    ['OAUTH_REGISTRATION_TOKEN', MARKER],
    ['OAUTH_REGISTRATION_TOKEN', `${MARKER}-${'x'.repeat(24 - MARKER.length)}`],
    ['OAUTH_REGISTRATION_TOKEN', `${MARKER} ${good.SECRET_KEY}`],
    ['OAUTH_REGISTRATION_TOKEN', `please-change-me-${MARKER}-please-change-me`],
    ['SIGNING_KEY', pem(MARKER)],
    ['DATABASE_URL', `mysql://user:${MARKER}@host/database`],
    ['DATABASE_URL', `postgres://user:${MARKER}@host`],
    ['DATABASE_URL', `postgres://user:${MARKER}@host:port/database`],
    ['DATABASE_URL', `postgres://user:p@host/database?sslmode=${MARKER}`],
    ['MIGRATION_DATABASE_URL', `postgres://user:${MARKER}@host/database?ssl=${MARKER}`],
    ['TRUSTED_PROXIES', `127.0.0.1,${MARKER}`],
    ['CORS_ORIGINS', `https://${MARKER}.example.com/path`],
    ['PUBLIC_URL', `https://user:${MARKER}@example.com`],
    ['SECURITY_CONTACT', `javascript:${MARKER}`],
    ['RATE_LIMIT_ADDRESS', `1/${MARKER}`],
  ])('is named, without its value, when only a part is wrong: %s', async (name, value) => {
    const problems = await problemsOf({ ...good, [name]: value });
    expect(problems.map(nameIn)).toEqual([name]);
    expect(problems.join()).not.toContain(MARKER);
  });

  it('is named with all others in one line', async () => {
    // Without the vault, which hides what is wrong with the secrets it would have given.
    const named = [...withGrammar, 'SECRET_KEY', 'SIGNING_KEY', 'DATABASE_URL'].filter((name) => name !== 'VAULT_ADDR');
    const error = await readEnv(Object.fromEntries(named.map((name) => [name, MARKER]))).catch(
      (reason: Error) => reason,
    );
    const { message } = error as Error;
    expect(message.split('; ').map(nameIn).toSorted()).toEqual(named.toSorted());
    expect(message).not.toContain('\n');
    expect(message).not.toContain(MARKER);
  });
});

describe('NAME_FILE', () => {
  const key = good.SECRET_KEY;
  const { DATABASE_URL } = good;
  const read = async (content: string) => {
    return (await readEnv({ DATABASE_URL, SECRET_KEY_FILE: file('secret', content) })).SECRET_KEY;
  };

  it.each(secrets)('gives %s', async (name) => {
    // Any value does that is none of the two the other checks look at.
    const urls: Record<string, string> = { REDIS_URL: 'redis://127.0.0.1', SMTP_URL: 'smtps://127.0.0.1' };
    if (name === 'OIDC_PROVIDERS') {
      const providers = [
        { name: 'sso', label: 'SSO', issuer: 'https://sso.example', clientId: 'i', clientSecret: 's' },
      ];
      const OIDC_PROVIDERS_FILE = file(name, JSON.stringify(providers));
      expect((await readEnv({ ...good, OIDC_PROVIDERS_FILE })).OIDC_PROVIDERS).toMatchObject(providers);
      return;
    }
    const value = name.endsWith('DATABASE_URL') ? `${DATABASE_URL}?a=b` : (urls[name] ?? `2${key}`);
    const without = { ...good, [name]: undefined, [`${name}_FILE`]: file(name, value) };
    if (name === 'SIGNING_KEY') expect((await problemsOf(without)).map(nameIn)).toEqual([name]);
    else expect((await readEnv(without))[name as 'SECRET_KEY']).toBe(value);
  });

  it('loses one newline at the end, and no other character', async () => {
    expect(await read(`${key}\n`)).toBe(key);
    expect(await read(`${key}\r\n`)).toBe(key);
    expect(await read(`${key}\n\n`)).toBe(`${key}\n`);
    expect(await read(` ${key} `)).toBe(` ${key} `);
  });

  it('is followed where it is a link, as Kubernetes mounts secrets', async () => {
    symlinkSync(file('target', key), join(folder, 'link'));
    expect((await readEnv({ DATABASE_URL, SECRET_KEY_FILE: join(folder, 'link') })).SECRET_KEY).toBe(key);
  });

  it('may not stand beside NAME', async () => {
    const problems = await problemsOf({ ...good, SECRET_KEY_FILE: file('both', `${key}${MARKER}`) });
    expect(problems).toEqual(['SECRET_KEY and SECRET_KEY_FILE are both set: keep one']);
  });

  it.each([
    ['is missing', join(folder, 'missing', MARKER)],
    ['is a folder', folder],
  ])('is named, without its path, when it %s', async (_, path) => {
    const problems = await problemsOf({ DATABASE_URL, SECRET_KEY_FILE: path });
    expect(problems).toEqual(['SECRET_KEY cannot be read from the file that SECRET_KEY_FILE names']);
  });

  it('may hold 64 KiB and not a byte more', async () => {
    const largest = randomBytes(32_768).toString('hex');
    expect(await read(largest)).toBe(largest);
    const problems = await problemsOf({ DATABASE_URL, SECRET_KEY_FILE: file('large', `${largest}x`) });
    expect(problems).toEqual(['SECRET_KEY is larger than 65536 bytes in the file that SECRET_KEY_FILE names']);
  });

  it('is not read for ever when it has no end', async () => {
    const problems = await problemsOf({ DATABASE_URL, SECRET_KEY_FILE: '/dev/zero' });
    expect(problems).toEqual(['SECRET_KEY is larger than 65536 bytes in the file that SECRET_KEY_FILE names']);
  });

  it('counts as missing when it is empty', async () => {
    const problems = await problemsOf({ DATABASE_URL, SECRET_KEY_FILE: file('empty', '\n') });
    expect(problems).toEqual([expect.stringMatching(/^SECRET_KEY is missing/)]);
  });
});

describe('a file .env', () => {
  const NAMES = 'PORT=4001\r\nDRAIN_SECONDS = "7"   # of grace\n';
  const before = process.cwd();
  const inFolder = (content: string | Buffer): NodeJS.ProcessEnv => {
    file('.env', content);
    process.chdir(folder);
    try {
      return processEnvironment();
    } finally {
      process.chdir(before);
    }
  };

  it.each([
    ['', NAMES],
    [' with a byte order mark', `\uFEFF${NAMES}`],
  ])('is read%s', (_, content) => {
    expect(inFolder(content)).toMatchObject({ PORT: '4001', DRAIN_SECONDS: '7' });
  });

  it('is refused when it is not UTF-8, where its settings would be lost without a word', () => {
    expect(() => inFolder(Buffer.from(`\uFEFF${NAMES}`, 'utf16le'))).toThrow(SettingsError);
  });
});
