import pg from 'pg';
import { vi } from 'vitest';

/** A statement as it went to the database. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

interface Recorder {
  /** The statements since the start or the last call. */
  take(): string[];
  /** The same with their parameters. */
  takeStatements(): Statement[];
  stop(): void;
}

type Connected = pg.Client & { connectionParameters: { application_name?: string } };

/** Writes of a timer, which no request causes. */
const BACKGROUND = /^UPDATE api_keys k SET last_used_at|advisory_lock/;

/** Notes every statement the application in this process sends, but not the tests' own and the feed's heartbeat. */
export function recordQueries(): Recorder {
  const statements: Statement[] = [];
  const original: (this: pg.Client, ...rest: unknown[]) => unknown = Reflect.get(pg.Client.prototype, 'query');
  const spy = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: Connected, ...rest: unknown[]) {
    const statement = statementOf(rest);
    const application = this.connectionParameters.application_name;
    if (application === 'rampart' && !BACKGROUND.test(statement.text)) statements.push(statement);
    return Reflect.apply(original, this, rest) as never;
  });
  const takeStatements = () => statements.splice(0);
  return { takeStatements, take: () => takeStatements().map(({ text }) => text), stop: () => spy.mockRestore() };
}

function statementOf([query, second]: unknown[]): Statement {
  const config = typeof query === 'string' ? { text: query } : (query as { text: string; values?: unknown[] });
  const given = Array.isArray(second) ? (second as unknown[]) : ((config as { values?: unknown[] }).values ?? []);
  return { text: config.text.trim(), values: given };
}
