import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readEnv, SettingsError } from './env.js';

const good = {
  DATABASE_URL: 'postgres://u:p@127.0.0.1/d',
  SECRET_KEY: randomBytes(32).toString('base64'),
  PUBLIC_URL: 'https://api.example.com',
};

/** The sentences about settings that are refused; none when they are accepted. */
async function problems(changes: NodeJS.ProcessEnv): Promise<readonly string[]> {
  try {
    await readEnv({ ...good, ...changes });
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

const pem = (type: 'ec' | 'rsa' | 'rsa-pss' | 'ed25519', options: object): string =>
  generateKeyPairSync(type as 'rsa', options as { modulusLength: number })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

describe('SECRET_KEY', () => {
  it.each([
    ['0123456789abcdef0123456789abcdef', 'a repeat of 16'],
    ['12345678901234567890123456789012', 'a repeat that ends in the middle'],
    ['abcdefghijklmnopqrstuvwxyz123456', 'a run upwards'],
    ['zyxwvutsrqponmlkjihgfedcba987654', 'a run downwards'],
    ['a'.repeat(64), 'one character'],
    [Buffer.alloc(32).toString('base64'), '32 zeros in base64'],
    [Buffer.alloc(32, 'abcdef').toString('hex'), 'a repeat in hexadecimal'],
    ['please-change-me-to-something-random', 'a request'],
    ['CHANGE_ME_CHANGE_ME_1234567890_xyz', 'a request in capitals'],
    ['supersecretsupersecretkey1234567', 'the word secret'],
    ['your-256-bit-secret-goes-in-here', 'an example of the web'],
    ['qwertyuiopasdfghjklzxcvbnm123456', 'a row of keys'],
    ['default-key-of-the-development-box', 'the word default'],
  ])('is refused when it is %s: %s', async (key) => {
    expect(await problems({ SECRET_KEY: key })).toEqual([
      expect.stringMatching(/^SECRET_KEY is a default or a pattern/),
    ]);
  });

  it('is refused under 32 bytes, and counted in bytes', async () => {
    const short = randomBytes(16).toString('hex').slice(1);
    expect(await problems({ SECRET_KEY: short })).toEqual(['SECRET_KEY must have at least 32 bytes']);
    expect(await problems({ SECRET_KEY: `${short.slice(1)}é` })).toEqual([]);
  });

  it('is accepted when it is random, in every usual form', async () => {
    for (let round = 0; round < 200; round++) {
      for (const form of ['base64', 'base64url', 'hex'] as const) {
        const key = randomBytes(32).toString(form);
        expect(await problems({ SECRET_KEY: key }), key).toEqual([]);
      }
    }
  });
});

describe('SIGNING_KEY', () => {
  const NEITHER = 'SIGNING_KEY must be an EC key on P-256 (ES256) or an RSA key (RS256)';
  it.each([
    ['an RSA key of 1024 bits', pem('rsa', { modulusLength: 1024 }), 'SIGNING_KEY is an RSA key under 2048 bits'],
    ['an RSA key of 2047 bits', pem('rsa', { modulusLength: 2047 }), 'SIGNING_KEY is an RSA key under 2048 bits'],
    ['an RSA key with an exponent of 3', pem('rsa', { modulusLength: 2048, publicExponent: 3 }), NEITHER],
    ['an RSA key for PSS alone', pem('rsa-pss', { modulusLength: 2048 }), NEITHER],
    ['a key on P-384', pem('ec', { namedCurve: 'P-384' }), NEITHER],
    ['an Ed25519 key', pem('ed25519', {}), NEITHER],
    ['no key', 'nothing', 'SIGNING_KEY is not a private key in PEM'],
  ])('is refused when it is %s', async (_, key, problem) => {
    expect(await problems({ SIGNING_KEY: key })).toEqual([problem]);
  });

  it('is accepted on P-256, and as RSA from 2048 bits on', async () => {
    const keys = [pem('ec', { namedCurve: 'P-256' }), pem('rsa', { modulusLength: 2048 })];
    for (const key of keys) expect(await problems({ SIGNING_KEY: key })).toEqual([]);
  });
});

describe('DATABASE_URL and MIGRATION_DATABASE_URL in production', () => {
  const names = ['DATABASE_URL', 'MIGRATION_DATABASE_URL'];
  const production = (name: string, url: string) => problems({ NODE_ENV: 'production', [name]: url });

  const remote = [
    'postgres://u:p@db.example.com/d',
    'postgres://u:p@127.0.0.1/d?host=10.0.0.1',
    'postgres://u:p@localhost.example.com/d',
  ];
  const unverified = ['disable', 'no-verify'].map((mode) => `postgres://u:p@db.example.com/d?sslmode=${mode}`);
  it.each(names.flatMap((name) => [...remote, ...unverified].map((url) => [name, url])))(
    'refuses %s without verified TLS: %s',
    async (name, url) => {
      expect(await production(name, url)).toEqual([`${name} is remote and needs sslmode=verify-full in production`]);
      expect(await problems({ [name]: url })).toEqual([]);
    },
  );

  const verified = ['require', 'verify-ca', 'verify-full'].map(
    (mode) => `postgres://u:p@db.example.com/d?sslmode=${mode}`,
  );
  const local = ['127.0.0.1', '127.1.2.3', 'localhost', '[::1]'].map((host) => `postgres://u:p@${host}/d`);
  it.each(
    names.flatMap((name) =>
      [...verified, ...local, 'postgres://u@/d?host=/var/run/postgresql'].map((url) => [name, url]),
    ),
  )('accepts %s: %s', async (name, url) => {
    expect(await production(name, url)).toEqual([]);
  });

  it('names both when both are wrong', async () => {
    const named = await problems({ DATABASE_URL: '', MIGRATION_DATABASE_URL: 'x' });
    expect(named.map((problem) => problem.split(' ', 1)[0])).toEqual(names);
  });
});

describe('TRUSTED_PROXIES', () => {
  it.each(['0.0.0.0/0', '::/0', '::ffff:0:0/96', '0.0.0.0/1,128.0.0.0/1', '10.0.0.0/8,2000::/3', '8.8.8.8/0'])(
    'is refused when anybody could be a proxy: %s',
    async (value) => {
      expect(await problems({ TRUSTED_PROXIES: value })).toEqual([expect.stringMatching(/^TRUSTED_PROXIES must name/)]);
    },
  );

  it.each(['true', '*', 'all', '1', 'loopback', '10.0.0.0/33'])(
    'is refused when it is no network: %s',
    async (value) => {
      expect(await problems({ TRUSTED_PROXIES: value })).toEqual([expect.stringMatching(/^TRUSTED_PROXIES /)]);
    },
  );

  it('is accepted when it names proxies', async () => {
    expect(await problems({ TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7, fd00::/16, ::1' })).toEqual([]);
  });
});

describe('PUBLIC_URL', () => {
  it.each(['http://api.example.com', 'http://localhost:3000', ''])(
    'is refused in production when it is %j',
    async (url) => {
      expect(await problems({ NODE_ENV: 'production', PUBLIC_URL: url })).toEqual([
        'PUBLIC_URL must be an https URL in production',
      ]);
      expect(await problems({ PUBLIC_URL: url })).toEqual([]);
    },
  );

  it.each([
    'https://api.example.com/',
    'https://api.example.com/v1',
    'https://u@api.example.com',
    'ftp://a.example',
    'api',
  ])('is an origin, not %s', async (url) => {
    const expected = url.endsWith('.com/') ? [] : [expect.stringMatching(/^PUBLIC_URL must be /)];
    expect(await problems({ PUBLIC_URL: url })).toEqual(expected);
  });
});

describe('CORS_ORIGINS', () => {
  it('may be everyone only without credentials', async () => {
    const both = { CORS_ORIGINS: 'https://a.example,*', CORS_CREDENTIALS: 'true' };
    expect(await problems(both)).toEqual(['CORS_ORIGINS must name its origins when CORS_CREDENTIALS is true']);
    expect(await problems({ ...both, CORS_CREDENTIALS: 'false' })).toEqual([]);
    expect(await problems({ ...both, CORS_ORIGINS: 'https://a.example' })).toEqual([]);
  });
});

describe('PASSKEY_RP_ID and PASSKEY_ORIGINS', () => {
  const RP = /^PASSKEY_RP_ID must be the host, or a domain above it/;
  const ORIGINS = /^PASSKEY_ORIGINS must be at the host of PUBLIC_URL or below it/;

  it.each([
    {},
    { PASSKEY_RP_ID: 'api.example.com' },
    { PASSKEY_RP_ID: 'example.com' },
    { PASSKEY_RP_ID: 'example.com', PASSKEY_ORIGINS: 'https://www.example.com, https://example.com:8443' },
    { PASSKEY_ORIGINS: 'https://api.example.com:8443,https://app.api.example.com' },
    { PUBLIC_URL: 'http://localhost:3000', PASSKEY_RP_ID: 'localhost', PASSKEY_ORIGINS: 'http://localhost:5173' },
    { PUBLIC_URL: 'http://192.0.2.1:3000' },
    { PUBLIC_URL: 'http://[::1]:3000' },
    { PUBLIC_URL: 'http://192.0.2.1', PASSKEY_RP_ID: 'example.com', PASSKEY_ORIGINS: 'https://example.com' },
  ])('are accepted: %o', async (settings) => {
    expect(await problems(settings)).toEqual([]);
  });

  it.each([
    [{ PASSKEY_RP_ID: 'example.org' }, RP],
    [{ PASSKEY_RP_ID: 'app.api.example.com' }, RP],
    [{ PASSKEY_RP_ID: 'xample.com' }, RP],
    [{ PASSKEY_RP_ID: 'example.com', PASSKEY_ORIGINS: 'https://example.com,https://example.org' }, RP],
    [{ PUBLIC_URL: 'http://192.0.2.1', PASSKEY_RP_ID: 'example.com' }, RP],
    [{ PASSKEY_ORIGINS: 'https://example.com' }, ORIGINS],
    [{ PASSKEY_ORIGINS: 'https://api.example.com,https://example.org' }, ORIGINS],
    [{ PUBLIC_URL: 'http://192.0.2.1', PASSKEY_ORIGINS: 'https://example.com' }, /^PASSKEY_RP_ID is missing: /],
  ])('are refused when no browser would take them: %o', async (settings, problem) => {
    expect(await problems(settings)).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    '127.0.0.1',
    '[::1]',
    '10.1',
    '0x7f.1',
    '2130706433',
    'Example.com',
    'example.com.',
    '.example.com',
    '-a.com',
    'a..b',
    'a b',
    'bücher.example',
    '*',
    '*.example.com',
    'https://example.com',
    'example.com:443',
    'example.com/',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(127)}com`,
  ])('are refused when the id is no domain: %s', async (PASSKEY_RP_ID) => {
    expect(await problems({ PASSKEY_RP_ID })).toEqual([expect.stringMatching(/^PASSKEY_RP_ID must be a domain/)]);
  });

  it.each([
    '*',
    'http://api.example.com',
    'http://127.0.0.1:3000',
    'https://api.example.com/',
    'api.example.com',
    'null',
  ])('are refused when a page there has no passkeys: %s', async (PASSKEY_ORIGINS) => {
    expect(await problems({ PASSKEY_ORIGINS })).toEqual([
      expect.stringMatching(/^PASSKEY_ORIGINS (each )?must be an? /),
    ]);
  });
});
