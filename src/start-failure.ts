import { SettingsError } from './config/env.js';
import { ConnectionError } from './database/connection-check.js';
import { SchemaError } from './database/schema-error.js';
import { isUnavailable } from './errors/translate.js';

/** The address or port could not be opened. */
export class ListenError extends Error {}

/** Why the process does not start, in one line without a stack or a secret. */
export function startFailure(error: unknown): string {
  if (error instanceof ListenError) return listenFailure(error.cause, 'PORT', 'HOST');
  if (error instanceof SettingsError || error instanceof SchemaError || error instanceof ConnectionError) {
    return error.message;
  }
  const { syscall, message } = (error ?? {}) as { syscall?: string; message?: string };
  // The one other port is opened while the application is made.
  if (syscall === 'listen') return listenFailure(error, 'MANAGEMENT_PORT', 'MANAGEMENT_HOST');
  if (isUnavailable(error)) return 'DATABASE_URL: the database went away during the start';
  return (message ?? 'unknown error').split('\n', 1)[0] ?? 'unknown error';
}

function listenFailure(cause: unknown, port: string, host: string): string {
  const { code = 'no code' } = (cause ?? {}) as { code?: string };
  if (code === 'EADDRINUSE') return `${port} is taken; choose a free one`;
  if (code === 'EACCES') return `${port} may not be opened by this user; choose one above 1023`;
  return `${host} is not an address of this machine (${code})`;
}
