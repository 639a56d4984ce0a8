import type { Socket } from 'node:net';
import type pg from 'pg';

/** Ends a statement on the server, with what it holds there. */
const STATEMENT_MS = 5_000;
/** Later than the server's own limit, sooner than the client's connection is given up. */
const SILENCE_MS = 6_000;

type Connected = pg.ClientBase & { readonly connection: { readonly stream: Socket }; readonly readyForQuery: boolean };

/**
 * No request waits longer for the database (ASVS 13.1.3, 13.2.6): it is answered 503. A statement ends at its limit; a server that
 * is frozen or cut off says nothing at all, and its connection goes. Not `query_timeout`, which keeps the connection, and with it
 * a transaction that the next user of the connection would commit.
 */
export async function limitTime(client: pg.ClientBase): Promise<void> {
  const connected = client as Connected;
  const { stream } = connected.connection;
  await client.query(`SET statement_timeout = ${STATEMENT_MS}`);
  stream.setTimeout(SILENCE_MS, () => {
    if (connected.readyForQuery) return;
    stream.destroy(Object.assign(new Error('the database is silent'), { code: 'ETIMEDOUT' }));
  });
}
