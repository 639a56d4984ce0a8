import type { Env } from './env.js';

/** What clients see, whatever Host they send; on one's own machine this process itself. */
export const publicUrlOf = ({
  PUBLIC_URL,
  TLS_CERT_FILE,
  PORT,
}: Pick<Env, 'PUBLIC_URL' | 'TLS_CERT_FILE' | 'PORT'>): string =>
  PUBLIC_URL ?? `${TLS_CERT_FILE ? 'https' : 'http'}://localhost:${PORT}`;
