import type { Connection, ClientBase, Pool, PoolClient, Submittable } from 'pg';
import { newId } from './ids.js';

export interface Statement {
  readonly name: string;
  readonly text: string;
}

export type Value = string | Buffer | null;
export type Row = readonly (string | null)[];
type Callback = (error: Error | null, rows?: Row[]) => void;

/** The parts of pg's connection that its types do not know. */
interface Wire {
  readonly stream: Connection['stream'];
  readonly parsedStatements: Readonly<Record<string, string>>;
  readonly submittedNamedStatements: Record<string, string>;
  bind(message: { statement: string; values: readonly Value[] }): void;
  parse(message: Statement): void;
  execute(message: object): void;
  sync(): void;
}

/** A named statement with text in and text out: one packet, no description of the columns, no emitter, no parsers. */
class Prepared implements Submittable {
  callback: Callback | undefined;
  readonly name: string;
  readonly text: string;
  private readonly values: readonly Value[];
  private readonly rows: Row[] = [];

  constructor({ name, text }: Statement, values: readonly Value[]) {
    this.name = name;
    this.text = text;
    this.values = values;
  }

  submit(connection: Connection): null {
    const wire = connection as unknown as Wire;
    const { name, text, values } = this;
    wire.stream.cork();
    if (wire.parsedStatements[name] === undefined && wire.submittedNamedStatements[name] === undefined) {
      wire.parse({ name, text });
      wire.submittedNamedStatements[name] = text;
    }
    wire.bind({ statement: name, values });
    wire.execute({});
    wire.sync();
    wire.stream.uncork();
    return null;
  }

  handleDataRow({ fields }: { fields: Row }): void {
    this.rows.push(fields);
  }

  handleCommandComplete(): void {
    // The connection is ready a message later.
  }

  handleReadyForQuery(): void {
    this.callback?.(null, this.rows);
  }

  handleError(error: Error): void {
    this.callback?.(error);
  }
}

/** Rows of text. */
export function query(on: Pool | ClientBase, statement: Statement, values: readonly Value[]): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const done: Callback = (error, rows) => (error ? reject(error) : resolve(rows ?? []));
    (on as unknown as { query(prepared: Submittable, done: Callback): void }).query(
      new Prepared(statement, values),
      done,
    );
  });
}

const BEGIN = { name: 'begin', text: 'BEGIN' };
const COMMIT = { name: 'commit', text: 'COMMIT' };

export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await query(client, BEGIN, []);
    const result = await work(client);
    await query(client, COMMIT, []);
    client.release();
    return result;
  } catch (error) {
    await client.query('ROLLBACK').then(
      () => client.release(),
      (broken: Error) => client.release(broken),
    );
    throw error;
  }
}

export interface Actor {
  readonly kind: string;
  readonly subject: string | null;
  readonly credentialId: string | null;
}

export const NOBODY: Actor = { kind: 'anonymous', subject: null, credentialId: null };

const AUDIT = {
  name: 'audit',
  text: `INSERT INTO audit_events (id, actor_kind, actor_id, credential_id, action, target_id, details, request_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
};

/** In the transaction of what it tells of. */
export async function audit(
  client: PoolClient,
  { kind, subject, credentialId }: Actor,
  requestId: string,
  [action, target, details]: readonly [action: string, target: string, details: object],
): Promise<void> {
  const values = [newId(), kind, subject, credentialId, action, target, JSON.stringify(details), requestId];
  await query(client, AUDIT, values);
}

const REVOKE = {
  name: 'revoke',
  text: `WITH revoked AS (INSERT INTO revocations (subject) VALUES ($1) RETURNING subject)
    SELECT pg_notify('rampart_revoked', subject::text) FROM revoked`,
};

/** Every process forgets it when the transaction commits. */
export const revoke = (client: PoolClient, id: string): Promise<Row[]> => query(client, REVOKE, [id]);

/** An array of texts, as PostgreSQL writes them. */
export const arrayOf = (texts: readonly string[]): string =>
  texts.length === 0 ? '{}' : `{${texts.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
