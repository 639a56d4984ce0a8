import { availableParallelism } from 'node:os';
import { contact, origin, passkeyOrigin, proxy, publicUrl, rangeApi, relyingPartyId, sender } from './grammars.js';
import { parseLimits } from './limits.js';
import { outsideProviders } from './outside-providers.js';
import { flag, integer, list, oneOf, parsed, parsedSecret, secret, text, url } from './variable.js';

const DAY = 86_400;

const milliseconds = (fallback: number) => integer(50, 60_000, fallback);

const limits = (fallback: string) => parsed(parseLimits, parseLimits(fallback));

/** Every variable this backend reads. `.env.example` documents each; a test compares the two. */
export const variables = {
  NODE_ENV: oneOf(['development', 'production', 'test'], 'development'),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info'),

  HOST: text(),
  PORT: integer(0, 65_535, 3000),
  PUBLIC_URL: parsed<string | undefined>(publicUrl, undefined),
  TLS_CERT_FILE: text(),
  TLS_KEY_FILE: text(),
  PLAIN_PORT: parsed<number | undefined>(integer(1, 65_535, 0).parse, undefined),
  KEEP_ALIVE_SECONDS: integer(1, 600, 10),
  TRUSTED_PROXIES: list(proxy),
  CORS_ORIGINS: list(origin),
  CORS_CREDENTIALS: flag(false),
  DOCS_ENABLED: flag<undefined>(undefined),
  SECURITY_CONTACT: parsed<string | undefined>(contact, undefined),
  MANAGEMENT_HOST: text(),
  MANAGEMENT_PORT: parsed<number | undefined>(integer(1, 65_535, 0).parse, undefined),
  DRAIN_DELAY_SECONDS: integer(0, 60, 1),
  DRAIN_SECONDS: integer(1, 300, 10),

  DATABASE_URL: secret(),
  DATABASE_PASSWORD: secret(),
  DATABASE_CA_FILE: text(),
  DATABASE_POOL_SIZE: integer(1, 500, 10),
  DATABASE_ACQUIRE_MS: milliseconds(1000),
  DATABASE_LOCK_MS: milliseconds(1200),
  DATABASE_STATEMENT_MS: milliseconds(1300),
  DATABASE_REQUEST_MS: milliseconds(1400),
  MIGRATION_DATABASE_URL: secret(),
  FEED_DATABASE_URL: secret(),
  ROLES_DATABASE_URL: secret(),

  SECRET_KEY: secret(),
  SIGNING_KEY: secret(),
  SIGNING_KEY_MAX_AGE_DAYS: integer(1, 3650, 90),

  SESSION_IDLE_SECONDS: integer(60, 365 * DAY, 14 * DAY),
  SESSION_ABSOLUTE_SECONDS: integer(60, 730 * DAY, 90 * DAY),
  INVITATION_SECONDS: integer(60, 30 * DAY, 7 * DAY),
  DELETION_GRACE_DAYS: integer(0, 365, 30),
  RECORD_RETENTION_DAYS: integer(1, 3650, 30),

  SMTP_URL: secret(),
  SMTP_PASSWORD: secret(),
  SMTP_CA_FILE: text(),
  MAIL_FROM: parsed<string | undefined>(sender, undefined),
  MAIL_DIR: text(),
  AUTH_REQUIRE_VERIFIED_EMAIL: flag<undefined>(undefined),

  AUTH_ATTEMPTS: integer(2, 1000, 10),
  AUTH_ATTEMPTS_SECONDS: integer(60, DAY, 900),

  PASSWORD_MEMORY_KIB: integer(19_456, 1_048_576, 19_456),
  PASSWORD_ITERATIONS: integer(2, 20, 2),
  // One core stays for everybody else, where there is more than one.
  PASSWORD_CONCURRENCY: integer(1, 64, Math.min(64, Math.max(1, availableParallelism() - 1))),
  PASSWORD_QUEUE: integer(0, 10_000, 64),
  PASSWORD_BREACH_URL: parsed<string | undefined>(rangeApi, undefined),

  PASSKEY_RP_ID: parsed<string | undefined>(relyingPartyId, undefined),
  PASSKEY_ORIGINS: list(passkeyOrigin),

  OIDC_PROVIDERS: parsedSecret(outsideProviders, []),
  OAUTH_REGISTRATION_TOKEN: secret(),

  RATE_LIMIT_ADDRESS: limits('1200/minute'),
  RATE_LIMIT_ANONYMOUS: limits('120/minute;10000/day'),
  RATE_LIMIT_PRINCIPAL: limits('1200/minute'),
  RATE_LIMIT_SENSITIVE: limits('5/minute'),
  RATE_LIMIT_CLIENT: limits('600/minute'),

  REDIS_URL: secret(),
  REDIS_PASSWORD: secret(),
  REDIS_CA_FILE: text(),

  SEED_ADMIN_EMAIL: text(),
  SEED_ADMIN_PASSWORD: secret(),

  VAULT_ADDR: parsed<URL | undefined>((value) => url(value, ['https:', 'http:']), undefined),
  VAULT_TOKEN_FILE: text(),
  VAULT_SECRET_PATH: text(),
  VAULT_NAMESPACE: text(),
};
