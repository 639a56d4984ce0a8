import type { Connection, Pool, Submittable } from 'pg';

/** A named statement whose columns are all of type text, so that nothing has to be described or parsed. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export type Row = readonly (string | null)[];
type Values = readonly (string | Buffer | null)[];

/** The parts of pg's connection that its types do not know. */
interface Wire {
  readonly stream: Connection['stream'];
  readonly parsedStatements: Readonly<Record<string, string>>;
  readonly submittedNamedStatements: Record<string, string>;
  bind(message: { statement: string; values: Values }): void;
  parse(message: Statement): void;
  execute(message: object): void;
  sync(): void;
}

/**
 * Rows by a prepared statement, through pg's seam for queries of one's own, as its cursors are. Its own kind of query copies
 * the configuration, asks PostgreSQL to describe the columns each time, and makes an emitter and a result of it.
 */
class PreparedRead implements Submittable {
  /** Set by the pool. */
  callback?: (error: unknown, rows?: Row[]) => void;
  readonly name: string;
  readonly text: string;
  private readonly values: Values;
  private readonly rows: Row[] = [];

  constructor({ name, text }: Statement, values: Values) {
    this.name = name;
    this.text = text;
    this.values = values;
  }

  submit(connection: Connection): null {
    const wire = connection as unknown as Wire;
    const { name, text, values } = this;
    // One packet.
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
    // The end is when the connection is ready again.
  }

  handleReadyForQuery(): void {
    this.callback?.(null, this.rows);
  }

  handleError(error: unknown): void {
    this.callback?.(error);
  }
}

/** All rows. Rejects with pg's error. */
export function readAllPrepared(pool: Pool, statement: Statement, values: Values): Promise<Row[]> {
  return pool.query(new PreparedRead(statement, values)) as unknown as Promise<Row[]>;
}

/** The first row, or null. */
export async function readPrepared(pool: Pool, statement: Statement, values: Values): Promise<Row | null> {
  const [row = null] = await readAllPrepared(pool, statement, values);
  return row;
}
