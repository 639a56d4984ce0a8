import pino from 'pino';

/** Nothing is held back that long: the end of a turn comes first. */
const NO_MORE_THAN = 16 * 1024 - 1;

const stdout = pino.destination({ dest: 1, sync: true, minLength: NO_MORE_THAN });
let due = false;

function flush(): void {
  due = false;
  stdout.flush();
}

/**
 * Standard output, written once a turn of the event loop: under load that is one system call for several lines. What a turn
 * logs is out before the next one begins, also when the process ends; only a kill in the middle of a turn loses its lines.
 */
export const logStream = {
  write(line: string): void {
    stdout.write(line);
    if (due) return;
    due = true;
    setImmediate(flush);
  },
  flushSync: (): void => stdout.flushSync(),
};

process.once('exit', () => {
  try {
    stdout.flushSync();
  } catch {
    // Nobody reads it any more: that is no reason to end differently.
  }
});
