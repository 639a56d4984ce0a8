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

type Done = (error: unknown, rows: Row[]) => void;

/**
 * Rows by a prepared statement, through pg's seam for queries of one's own, as its cursors are. Its own kind of query copies
 * the configuration, asks PostgreSQL to describe the columns each time, and makes an emitter and a result of it.
 */
class PreparedRead implements Submittable {
  /** Under which the connection notes what it has prepared. */
  readonly name: string;
  readonly text: string;
  private readonly rows: Row[] = [];

  constructor(
    { name, text }: Statement,
    private readonly values: Values,
    private readonly done: Done,
  ) {
    this.name = name;
    this.text = text;
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
    this.done(null, this.rows);
  }

  /** Also when the connection is lost. */
  handleError(error: unknown): void {
    this.done(error, this.rows);
  }
}

/** All rows. Rejects with pg's error, after which the pool makes another connection, as it does in its own `query()`. */
export function readAllPrepared(pool: Pool, statement: Statement, values: Values): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    pool.connect((unconnected, client, release) => {
      if (!client) return reject(unconnected ?? new Error('no connection'));
      const done: Done = (error, rows) => {
        release(error);
        if (error) reject(error);
        else resolve(rows);
      };
      try {
        client.query(new PreparedRead(statement, values, done));
      } catch (error) {
        // Thrown where nobody would catch it: this runs when the pool likes.
        done(error, []);
      }
    });
  });
}

/** The first row, or null. */
export const readPrepared = async (pool: Pool, statement: Statement, values: Values): Promise<Row | null> =>
  (await readAllPrepared(pool, statement, values))[0] ?? null;
