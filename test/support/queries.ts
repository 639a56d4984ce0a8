import pg from 'pg';
import { vi } from 'vitest';

interface Recorder {
  /** The statements since the start or the last call. */
  take(): string[];
  stop(): void;
}

type Connected = pg.Client & { connectionParameters: { application_name?: string } };

/** Writes of a timer, which no request causes. */
const BACKGROUND = /^UPDATE api_keys k SET last_used_at|advisory_lock/;

/** Notes every statement the application in this process sends, but not the tests' own and the feed's heartbeat. */
export function recordQueries(): Recorder {
  let texts: string[] = [];
  const original: (this: pg.Client, ...rest: unknown[]) => unknown = Reflect.get(pg.Client.prototype, 'query');
  const spy = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: Connected, ...rest: unknown[]) {
    const [query] = rest as [string | { text: string }];
    const text = (typeof query === 'string' ? query : query.text).trim();
    if (this.connectionParameters.application_name === 'rampart' && !BACKGROUND.test(text)) texts.push(text);
    return Reflect.apply(original, this, rest) as never;
  });
  return {
    take() {
      const taken = texts;
      texts = [];
      return taken;
    },
    stop: () => spy.mockRestore(),
  };
}
