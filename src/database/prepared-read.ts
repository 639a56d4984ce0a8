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
 * One row by a prepared statement, through pg's seam for queries of one's own, as its cursors are. Its own kind of query copies
 * the configuration, asks PostgreSQL to describe the columns each time, and makes an emitter and a result of it.
 */
class PreparedRead implements Submittable {
  /** Set by the pool. */
  callback?: (error: unknown, row?: Row | null) => void;
  readonly name: string;
  readonly text: string;
  private readonly values: Values;
  private row: Row | null = null;

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
    this.row ??= fields;
  }

  handleCommandComplete(): void {
    // The end is when the connection is ready again.
  }

  handleReadyForQuery(): void {
    this.callback?.(null, this.row);
  }

  handleError(error: unknown): void {
    this.callback?.(error);
  }
}

/** The first row, or null. Rejects with pg's error. */
export function readPrepared(pool: Pool, statement: Statement, values: Values): Promise<Row | null> {
  return pool.query(new PreparedRead(statement, values)) as unknown as Promise<Row | null>;
}
