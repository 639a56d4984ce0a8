import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Env } from './env.js';

/** A certificate chain and its private key, in PEM. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export function tlsFiles({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }: Env): TlsFiles | undefined {
  return certFile && keyFile ? { certFile, keyFile } : undefined;
}

/**
 * Reads both files anew, so that a renewed certificate needs no restart. Throws RangeError, whose message begins with the name
 * of a variable and holds neither path nor key, when they cannot be read or do not belong together.
 */
export function readTls({ certFile, keyFile }: TlsFiles): { cert: string; key: string } {
  const files = { cert: read(certFile, 'TLS_CERT_FILE'), key: read(keyFile, 'TLS_KEY_FILE') };
  try {
    createSecureContext(files);
  } catch {
    throw new RangeError('TLS_CERT_FILE and TLS_KEY_FILE must hold a certificate and its private key, in PEM');
  }
  return files;
}

function read(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new RangeError(`${variable} names a file that cannot be read`);
  }
}
