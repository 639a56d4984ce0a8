import { parse } from 'pg-connection-string';
import { readCa } from './ca-file.js';
import { isLoopback } from './loopback.js';
import { namespace } from './namespace.js';

/** libpq's words. `allow` and `prefer` are not among them: they fall back to plain text without saying so. */
const TLS_MODES: ReadonlyMap<string, 'off' | 'unverified' | 'verified'> = new Map([
  ['disable', 'off'],
  ['no-verify', 'unverified'],
  ['require', 'verified'],
  ['verify-ca', 'verified'],
  ['verify-full', 'verified'],
]);

/** A connection as `pg` takes it. TLS, when asked for, always verifies the server. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly ssl: { readonly ca: string | undefined; readonly rejectUnauthorized: boolean } | false;
}

/**
 * Parses a PostgreSQL URL; `?host=/directory` is a Unix socket. `sslmode` decides on TLS, and every mode but `no-verify`
 * verifies the server by name. Throws RangeError without repeating the URL.
 */
export function connectionOf(url: string, password?: string, caFile?: string): Connection {
  const { host, port, user, password: inUrl, database, sslmode } = parseUrl(url);
  const tls = TLS_MODES.get(sslmode);
  if (!tls) throw new RangeError(`has an sslmode other than ${[...TLS_MODES.keys()].join(', ')}`);
  return {
    host: host || 'localhost',
    port: Number(port || 5432),
    user: user ?? '',
    password: password ?? (inUrl || undefined),
    database,
    ssl:
      tls === 'off'
        ? false
        : { ca: caFile ? readCa(caFile, 'DATABASE_CA_FILE') : undefined, rejectUnauthorized: tls === 'verified' },
  };
}

function parseUrl(url: string) {
  try {
    const { searchParams } = new URL(url.replace('@/', '@localhost/'));
    const options = parse(url.replaceAll(/([?&])sslmode=[^&]*/g, '$1'));
    const { database, port } = options;
    if (!/^postgres(ql)?:/.test(url) || !database || !/^\d{0,5}$/.test(port ?? '')) throw new TypeError('no such URL');
    // `ssl` and `sslmode` could contradict each other: one of them is enough.
    if (searchParams.has('ssl')) throw new TypeError('ssl');
    return { ...options, database, sslmode: searchParams.get('sslmode') ?? 'disable' };
  } catch {
    throw new RangeError('must be a URL such as postgres://user:password@host:5432/database?sslmode=verify-full');
  }
}

/** Whether the server is on this machine: a Unix socket or a loopback address. */
export function isLocal({ host }: Connection): boolean {
  return host.startsWith('/') || isLoopback(host);
}

/** The application's database, the owner's connection that may migrate it at start, and one past a pooler. */
export const databaseConfig = namespace('database', (env) => ({
  connection: connectionOf(env.DATABASE_URL ?? '', env.DATABASE_PASSWORD, env.DATABASE_CA_FILE),
  migration: env.MIGRATION_DATABASE_URL
    ? connectionOf(env.MIGRATION_DATABASE_URL, undefined, env.DATABASE_CA_FILE)
    : undefined,
  /** For LISTEN, which a pooler does not pass on. */
  feed: env.FEED_DATABASE_URL ? connectionOf(env.FEED_DATABASE_URL, undefined, env.DATABASE_CA_FILE) : undefined,
  poolSize: env.DATABASE_POOL_SIZE,
  limits: {
    acquireMs: env.DATABASE_ACQUIRE_MS,
    lockMs: env.DATABASE_LOCK_MS,
    statementMs: env.DATABASE_STATEMENT_MS,
    requestMs: env.DATABASE_REQUEST_MS,
  },
  /** At home one role does everything. */
  warnOfExcess: env.NODE_ENV === 'production',
}));
