import { readCa } from './ca-file.js';

/** A connection to Redis or Valkey: with a password or as an ACL user, plain or over TLS that verifies the server. */
export interface RedisConnection {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly tls: { readonly ca: string | undefined } | false;
}

const FORM = 'must be a URL such as rediss://user:password@host:6379/0';

/** Parses `redis://` (plain) or `rediss://` (TLS). Throws RangeError without repeating the URL. */
export function redisConnection(text: string, password?: string, caFile?: string): RedisConnection {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const database = /^\/?(\d{0,3})$/.exec(url?.pathname ?? '-')?.[1];
  const tls = url?.protocol === 'rediss:';
  if (!url || !(tls || url.protocol === 'redis:')) throw new RangeError(FORM);
  if (!url.hostname || database === undefined || url.search || url.hash) throw new RangeError(FORM);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 6379),
    username: decoded(url.username),
    password: password ?? decoded(url.password),
    database: Number(database || 0),
    tls: tls && { ca: caFile ? readCa(caFile, 'REDIS_CA_FILE') : undefined },
  };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part) || undefined;
  } catch {
    throw new RangeError(FORM);
  }
}
