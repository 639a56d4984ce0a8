/** A hand-written server with the same checks: what the layers would cost without a framework. */
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { Authentication } from './anchor/authentication.js';
import { createServer } from './anchor/server.js';
import { writeKeyUsage } from './anchor/key-usage.js';
import { type Limit, parseLimits, windowsOf } from './anchor/limits.js';
import { listen } from './anchor/memory.js';
import { Passwords } from './anchor/passwords.js';
import { registerRecordWrites } from './anchor/record-writes.js';
import { registerRecords } from './anchor/records.js';
import { registerSessions } from './anchor/sessions.js';
import { Tokens } from './anchor/tokens.js';

const setting = (name: string, usual = ''): string => process.env[name] || usual;
const limit = (tier: string, usual: string): Limit[] => parseLimits(setting(`RATE_LIMIT_${tier}`, usual));

const databaseUrl = setting('DATABASE_URL');
const pool = new pg.Pool({
  connectionString: databaseUrl,
  max: 10,
  connectionTimeoutMillis: 1000,
  statement_timeout: 1300,
  lock_timeout: 1200,
  idle_in_transaction_session_timeout: 10_000,
});
// One that breaks while nobody uses it is replaced.
pool.on('error', () => undefined);

const tokens = new Tokens(setting('SIGNING_KEY'), setting('PUBLIC_URL'));
const passwords = new Passwords(
  Number(setting('PASSWORD_MEMORY_KIB', '19456')),
  Number(setting('PASSWORD_ITERATIONS', '2')),
);
const server = createServer(new Authentication(pool, tokens, setting('TOKEN_CACHE') === 'on'), {
  address: windowsOf('address', limit('ADDRESS', '1200/minute')),
  anonymous: windowsOf('anonymous', limit('ANONYMOUS', '120/minute')),
  principal: windowsOf('principal', limit('PRINCIPAL', '1200/minute')),
  sensitive: windowsOf('sensitive', limit('SENSITIVE', '10/minute')),
});
registerRecords(server, pool);
registerRecordWrites(server, pool);
registerSessions(server, { pool, tokens, passwords });

process.once('SIGTERM', () => {
  void server.close().then(() => process.exit(0));
});

await listen(databaseUrl);
writeKeyUsage(pool);
await server.listen({ port: Number(setting('PORT', '0')), host: setting('HOST', '127.0.0.1') });
process.send?.({ type: 'listening', port: (server.server.address() as AddressInfo).port });
