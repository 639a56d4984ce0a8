import type pg from 'pg';

/**
 * Whether this is a connection to PostgreSQL itself: a pooler makes up the process it names, and a session that listens has to be
 * one. In transaction mode PgBouncer passes on what the session says to itself, heartbeats, and nothing that others say: revocations.
 */
export async function isDirect(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid === (client as pg.Client & { processID?: number }).processID;
}
