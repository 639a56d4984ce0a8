import { createPrivateKey } from 'node:crypto';
import { parseCidrs } from './address.js';
import { connectionOf, isLocal } from './database.config.js';
import type { Env } from './env.js';
import { outsideProviderProblems } from './outside-providers.js';
import { redisConnection } from './redis.js';
import { relyingPartyProblems } from './relying-party.js';
import { algorithmOf, RSA_BITS } from './signing-key.js';
import { smtpServer } from './smtp.js';
import { readTls, tlsFiles } from './tls-files.js';

const MIN_SECRET_BYTES = 32;
const MIN_TOKEN = 32;
/** RFC 6750 section 2.1. */
const BEARER_TOKEN = /^[\w.~+/-]+=*$/;
const MAX_PERIOD = 64;
const PLACEHOLDER = /change[-_ ]?me|example|placeholder|replace|insert|default|password|secret|qwerty/i;

/** Everything that makes these settings unsafe to start with, as sentences without values. */
export function unsafeSettings(env: Env): string[] {
  const problems = [
    ...secretProblems(env),
    ...registrationProblems(env),
    ...signingKeyProblems(env.SIGNING_KEY),
    ...databaseProblems(env),
    ...redisProblems(env),
    ...mailProblems(env),
    ...tlsProblems(env),
    ...relyingPartyProblems(env),
    ...outsideProviderProblems(env),
  ];
  if (env.CORS_CREDENTIALS && env.CORS_ORIGINS.includes('*')) {
    problems.push('CORS_ORIGINS must name its origins when CORS_CREDENTIALS is true');
  }
  if (env.TRUSTED_PROXIES.some(trustsEveryone)) {
    problems.push('TRUSTED_PROXIES must name the proxies: a range of all addresses lets any client choose its own');
  }
  if (env.NODE_ENV === 'production' && !env.PUBLIC_URL?.startsWith('https://')) {
    problems.push('PUBLIC_URL must be an https URL in production');
  }
  return problems;
}

function secretProblems({ SECRET_KEY: key }: Env): string[] {
  if (!key) return ['SECRET_KEY is missing (make one with: openssl rand -base64 32)'];
  if (Buffer.byteLength(key) < MIN_SECRET_BYTES) return [`SECRET_KEY must have at least ${MIN_SECRET_BYTES} bytes`];
  return PLACEHOLDER.test(key) || isPattern(key)
    ? ['SECRET_KEY is a default or a pattern (make one with: openssl rand -base64 32)']
    : [];
}

function registrationProblems({ OAUTH_REGISTRATION_TOKEN: token }: Env): string[] {
  if (!token) return [];
  if (token.length < MIN_TOKEN) return [`OAUTH_REGISTRATION_TOKEN must have at least ${MIN_TOKEN} characters`];
  if (!BEARER_TOKEN.test(token)) return ['OAUTH_REGISTRATION_TOKEN has a character that no Bearer token has'];
  return PLACEHOLDER.test(token) || isPattern(token)
    ? ['OAUTH_REGISTRATION_TOKEN is a default or a pattern (make one with: openssl rand -base64 32)']
    : [];
}

/** Few characters, a repeat, or a run such as 0123456789: half of the key follows from what stands before it. */
function isPattern(key: string): boolean {
  const codes = [...key].map((character) => character.codePointAt(0) ?? 0);
  const most = (follows: (code: number, index: number) => boolean) => codes.filter(follows).length >= codes.length / 2;
  if (new Set(codes).size < 10) return true;
  for (let period = 1; period <= Math.min(MAX_PERIOD, codes.length / 2); period++) {
    if (most((code, index) => code === codes[index - period])) return true;
  }
  return [1, -1].some((step) => most((code, index) => code === (codes[index - 1] ?? Number.NaN) + step));
}

/** Of each algorithm no less than its RFC allows: NIST SP 800-131A takes it too. */
function signingKeyProblems(pem: string | undefined): string[] {
  if (!pem) return [];
  try {
    const key = createPrivateKey(pem);
    if (algorithmOf(key)) return [];
    const isSmall = key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS;
    if (isSmall) return [`SIGNING_KEY is an RSA key under ${RSA_BITS} bits`];
    return ['SIGNING_KEY must be an EC key on P-256 (ES256) or an RSA key (RS256)'];
  } catch {
    return ['SIGNING_KEY is not a private key in PEM'];
  }
}

function databaseProblems(env: Env): string[] {
  const url = env.DATABASE_URL;
  const missing = url ? [] : ['DATABASE_URL is missing (postgres://user:password@host:5432/database)'];
  const others = (['MIGRATION_DATABASE_URL', 'FEED_DATABASE_URL'] as const).flatMap((name) =>
    // One URL for both is one mistake.
    env[name] === url ? [] : connectionProblems(env, name),
  );
  return [...missing, ...connectionProblems(env, 'DATABASE_URL'), ...others];
}

type DatabaseUrl = 'DATABASE_URL' | 'MIGRATION_DATABASE_URL' | 'FEED_DATABASE_URL' | 'ROLES_DATABASE_URL';

/** What is wrong with the URL of a database, if it is given. */
export function connectionProblems<N extends DatabaseUrl>(
  env: Pick<Env, N | 'NODE_ENV' | 'DATABASE_CA_FILE'>,
  name: N,
): string[] {
  const url: string | undefined = env[name];
  if (!url) return [];
  try {
    const connection = connectionOf(url, undefined, env.DATABASE_CA_FILE);
    const plain = connection.ssl === false || !connection.ssl.rejectUnauthorized;
    const unsafe = env.NODE_ENV === 'production' && plain && !isLocal(connection);
    return unsafe ? [`${name} is remote and needs sslmode=verify-full in production`] : [];
  } catch (error) {
    return [`${name} ${error instanceof RangeError ? error.message : 'is invalid'}`];
  }
}

function redisProblems({ REDIS_URL: url, REDIS_PASSWORD: password, REDIS_CA_FILE: caFile }: Env): string[] {
  try {
    if (url) redisConnection(url, password, caFile);
    return [];
  } catch (error) {
    return [`REDIS_URL ${error instanceof RangeError ? error.message : 'is invalid'}`];
  }
}

function mailProblems(env: Env): string[] {
  const { SMTP_URL: url, SMTP_PASSWORD: password, SMTP_CA_FILE: caFile } = env;
  if (env.MAIL_DIR && env.NODE_ENV === 'production') return ['MAIL_DIR is for development: set SMTP_URL'];
  try {
    if (url) smtpServer(url, password, caFile);
    return [];
  } catch (error) {
    return [`SMTP_URL ${error instanceof RangeError ? error.message : 'is invalid'}`];
  }
}

function tlsProblems(env: Env): string[] {
  const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key, PLAIN_PORT: plainPort } = env;
  if (Boolean(cert) !== Boolean(key)) return [`${cert ? 'TLS_KEY_FILE' : 'TLS_CERT_FILE'} is missing: TLS needs both`];
  const files = tlsFiles(env);
  if (!files) return plainPort ? ['PLAIN_PORT is the port beside TLS: set TLS_CERT_FILE and TLS_KEY_FILE too'] : [];
  try {
    readTls(files);
    return [];
  } catch (error) {
    return [(error as RangeError).message];
  }
}

/** Judged in canonical form: ::ffff:0:0/96 is another spelling of 0.0.0.0/0. */
function trustsEveryone(proxy: string): boolean {
  return parseCidrs([proxy]).networks.some((network) => {
    const [address = '', bits] = network.split('/');
    return Number(bits) < (address.includes(':') ? 16 : 8);
  });
}
