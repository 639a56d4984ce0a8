import pg from 'pg';
import { type Connection, databaseConfig } from '../config/database.config.js';
import type { Env } from '../config/env.js';
import type { ConfigOf } from '../config/namespace.js';
import { isDirect } from '../security/direct-connection.js';

const TIMEOUT_MS = 2000;
const POOLED = 'POOLED';
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_TLS/;

/** The database of a setting cannot be used: a sentence that begins with the setting's name and holds no value. */
export class ConnectionError extends Error {}

/** All connections of these settings. Throws ConnectionError about the first that cannot be used. */
export async function checkConnections(env: Env): Promise<void> {
  const { connection, migration, feed } = (databaseConfig.from(env) as () => ConfigOf<typeof databaseConfig>)();
  const checks = [checkConnection('DATABASE_URL', connection, feed ? answers : hearsRevocations)];
  if (migration) checks.push(checkConnection('MIGRATION_DATABASE_URL', migration));
  if (feed) checks.push(checkConnection('FEED_DATABASE_URL', feed, hearsRevocations));
  const failed = (await Promise.allSettled(checks)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function answers(client: pg.Client): Promise<void> {
  await client.query('SELECT 1');
}

async function hearsRevocations(client: pg.Client): Promise<void> {
  if (!(await isDirect(client))) throw Object.assign(new Error('a pooler is between'), { code: POOLED });
}

/**
 * Logs in and asks for one row, so that start fails in seconds with the reason. A pooler may let a client in and have
 * no server behind it, hence the query. Throws ConnectionError.
 */
export async function checkConnection(setting: string, connection: Connection, ask = answers): Promise<void> {
  const client = new pg.Client({
    ...connection,
    application_name: 'rampart-check',
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  // A connection that breaks after an error has been reported has nothing to add.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await ask(client);
  } catch (error) {
    throw new ConnectionError(`${setting}: ${reasonOf(error)}`, { cause: error });
  } finally {
    // Not awaited: a server that stopped answering would not answer the goodbye either.
    client.end().catch(() => undefined);
  }
}

function reasonOf(error: unknown): string {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (code === '28P01' || code === '28000' || message.startsWith('SASL:')) {
    return 'the database refuses this user or password';
  }
  if (code === '3D000') return 'there is no such database';
  if (code === POOLED) {
    return 'a connection pooler is between, through which no revocation is heard; set FEED_DATABASE_URL to the database itself';
  }
  if (UNTRUSTED.test(code)) return `the certificate of the database is not trusted (${code})`;
  if (message === 'The server does not support SSL connections') return 'the database does not offer TLS';
  return `the database cannot be reached (${code || 'no answer'})`;
}
