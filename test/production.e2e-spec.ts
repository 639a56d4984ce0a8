import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from './support/database.js';
import { productionSettings, refusalOf, refusedWith } from './support/production.js';

const MAKE_ONE = '(make one with: openssl rand -base64 32)';
const PLACEHOLDER = 'please-change-me-to-something-random';
const TLS = 'is remote and needs sslmode=verify-full in production';
const URL_FORM = 'must be a URL such as postgres://user:password@host:5432/database?sslmode=verify-full';

const folder = mkdtempSync(join(tmpdir(), 'rampart-production-'));
let db: TestDatabase;
let good: NodeJS.ProcessEnv;

beforeAll(async () => {
  db = await createDatabase();
  good = productionSettings(db);
});
afterAll(async () => {
  await db.drop();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const rsa = (modulusLength: number): string =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** The good environment but for these variables, and nothing of any other. */
const refused = (changes: NodeJS.ProcessEnv) => refusalOf({ ...good, ...changes });

const sentence = (text: string) => refusedWith(`rampart: cannot start: ${text}`);

describe('SECRET_KEY in production', () => {
  const short = randomBytes(16).toString('hex').slice(1);
  const defaulted = `SECRET_KEY is a default or a pattern ${MAKE_ONE}`;

  it.each([
    ['missing', '', `SECRET_KEY is missing ${MAKE_ONE}`],
    ['short', short, 'SECRET_KEY must have at least 32 bytes'],
    ['a default', PLACEHOLDER, defaulted],
    ['a pattern', 'a'.repeat(64), defaulted],
  ])('refuses the start when it is %s', async (_, key, problem) => {
    expect(await refused({ SECRET_KEY: key })).toEqual(sentence(problem));
  });

  it.each([
    ['missing', join(folder, 'missing'), 'SECRET_KEY cannot be read from the file that SECRET_KEY_FILE names'],
    ['a folder', folder, 'SECRET_KEY cannot be read from the file that SECRET_KEY_FILE names'],
    ['empty', file('empty', ''), `SECRET_KEY is missing ${MAKE_ONE}`],
    ['one newline', file('newline', '\n'), `SECRET_KEY is missing ${MAKE_ONE}`],
    ['too short', file('short', `${short}\n`), 'SECRET_KEY must have at least 32 bytes'],
    ['a default', file('default', PLACEHOLDER), defaulted],
  ])('refuses the start when its file is %s', async (_, path, problem) => {
    expect(await refused({ SECRET_KEY: undefined, SECRET_KEY_FILE: path })).toEqual(sentence(problem));
  });
});

describe('SIGNING_KEY in production', () => {
  const weak = 'SIGNING_KEY is an RSA key under 2048 bits';

  it.each([1024, 2047])('refuses the start when it is an RSA key of %i bits', async (bits) => {
    expect(await refused({ SIGNING_KEY: rsa(bits) })).toEqual(sentence(weak));
  });

  it('refuses the start when its file holds a weak RSA key', async () => {
    expect(await refused({ SIGNING_KEY_FILE: file('rsa', rsa(1024)) })).toEqual(sentence(weak));
  });

  it('refuses the start when it is a key that signs nothing here', async () => {
    const SIGNING_KEY = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await refused({ SIGNING_KEY })).toEqual(
      sentence('SIGNING_KEY must be an EC key on P-256 (ES256) or an RSA key (RS256)'),
    );
  });
});

describe('PUBLIC_URL in production', () => {
  it.each(['http://api.example.com', 'http://localhost:3000', ''])('refuses the start when it is %j', async (url) => {
    expect(await refused({ PUBLIC_URL: url })).toEqual(sentence('PUBLIC_URL must be an https URL in production'));
  });
});

describe('DATABASE_URL in production', () => {
  const remote = 'postgres://rampart:hush-hush@db.example.com/rampart';

  it.each([
    ['missing', '', 'is missing (postgres://user:password@host:5432/database)'],
    ['remote without an sslmode', remote, TLS],
    ['remote with TLS off', `${remote}?sslmode=disable`, TLS],
    ['remote with TLS that verifies nobody', `${remote}?sslmode=no-verify`, TLS],
    [
      'remote with TLS if the server feels like it',
      `${remote}?sslmode=prefer`,
      'has an sslmode other than disable, no-verify, require, verify-ca, verify-full',
    ],
    ['remote by a query parameter', 'postgres://u:hush-hush@127.0.0.1/d?host=db.example.com', TLS],
    ['several hosts, the first of them local', 'postgres://u:hush-hush@127.0.0.1,db.example.com/d', TLS],
    ['several hosts with ports', 'postgres://u:hush-hush@127.0.0.1:5432,db.example.com:5432/d', URL_FORM],
    ['several hosts in a query parameter', 'postgres://u:hush-hush@/d?host=127.0.0.1,10.0.0.1', TLS],
    ['remote under a name that begins like loopback', 'postgres://u:hush-hush@127.0.0.1.example.com/d', TLS],
  ])('refuses the start when it is %s', async (_, url, problem) => {
    expect(await refused({ DATABASE_URL: url })).toEqual(sentence(`DATABASE_URL ${problem}`));
  });

  it('refuses the start when a file names a remote database without TLS', async () => {
    const changes = { DATABASE_URL: undefined, DATABASE_URL_FILE: file('url', remote) };
    expect(await refused(changes)).toEqual(sentence(`DATABASE_URL ${TLS}`));
  });

  it('refuses the start when only the connection of migrations is remote without TLS', async () => {
    expect(await refused({ MIGRATION_DATABASE_URL: remote })).toEqual(sentence(`MIGRATION_DATABASE_URL ${TLS}`));
    expect(await refused({ FEED_DATABASE_URL: remote })).toEqual(sentence(`FEED_DATABASE_URL ${TLS}`));
  });
});

describe('TRUSTED_PROXIES in production', () => {
  it.each(['true', '*', '0.0.0.0/0', '::/0', '0.0.0.0/1,128.0.0.0/1', '::/1,8000::/1'])(
    'refuses the start when everybody is trusted: %s',
    async (value) => {
      const refusal = await refused({ TRUSTED_PROXIES: value });
      expect(refusal).toEqual(refusedWith(expect.stringMatching(/^rampart: cannot start: TRUSTED_PROXIES .{10,}$/)));
    },
  );
});

describe('CORS_ORIGINS in production', () => {
  it.each(['*', 'https://app.example.com,*'])(
    'refuses the start when any page may use credentials: %s',
    async (value) => {
      expect(await refused({ CORS_ORIGINS: value })).toEqual(
        sentence('CORS_ORIGINS must name its origins when CORS_CREDENTIALS is true'),
      );
    },
  );
});

describe('several mistakes in production', () => {
  it('are named in one line', async () => {
    const { lines, ...rest } = await refused({ SECRET_KEY: PLACEHOLDER, PUBLIC_URL: '', TRUSTED_PROXIES: '*' });
    expect(rest).toEqual({ code: 1, opened: [], shown: [] });
    expect(lines).toEqual([expect.stringMatching(/: TRUSTED_PROXIES .*; SECRET_KEY .*; PUBLIC_URL /)]);
  });
});
