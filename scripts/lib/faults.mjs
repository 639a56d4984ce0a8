// @ts-check

/** A failure the person at the keyboard can act on: its message is the one line to print, never with a stack. */
export class Fault extends Error {
  /**
   * @param {string} message
   * @param {{ details?: string, exitCode?: number }} [options] details: a tool's own output, printed above the line
   */
  constructor(message, { details = '', exitCode = 1 } = {}) {
    super(message);
    this.details = details;
    this.exitCode = exitCode;
  }
}

/** Somebody asked to stop while a step was under way: nothing went wrong, there is nothing to print. */
export class Interrupted extends Error {}

/** The API ended by itself and has said why: its exit code is ours. */
export class Ended extends Error {
  /** @param {number} exitCode */
  constructor(exitCode) {
    super(`ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/**
 * The system's error code of anything thrown (`ENOENT`), or an empty string.
 * @param {unknown} error
 */
export const codeOf = (error) => (error instanceof Error && 'code' in error ? String(error.code) : '');

/**
 * Prints what went wrong; a stack only for what is a defect of these scripts.
 * @param {unknown} error
 * @returns {number} the exit code that goes with it
 */
export function report(error) {
  if (error instanceof Interrupted) return 0;
  if (error instanceof Ended) return error.exitCode;
  if (error instanceof Fault) {
    if (error.details) process.stderr.write(`${error.details.trimEnd()}\n`);
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof Error && 'syscall' in error) {
    // A full disk, a file of another user: the system's sentence names the path, our stack adds nothing.
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
