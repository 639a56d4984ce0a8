import type { Server as HttpsServer } from 'node:https';
import { readTls, type TlsFiles } from '../config/tls-files.js';
import { HANDSHAKE_MS } from './client-timeouts.js';

/**
 * TLS 1.3, and of 1.2 what has forward secrecy and authenticated encryption (RFC 9325 section 4.2, ASVS 12.1): no CBC, no RSA
 * key exchange. HTTP/1.1 alone is offered, so that no client begins in a protocol that the layers do not read.
 */
const options = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
  ALPNProtocols: ['http/1.1'],
} as const;

/** What a server needs to speak TLS. Throws RangeError, see `readTls()`. */
export const tlsOptions = (files: TlsFiles) => ({
  ...options,
  ...readTls(files),
  ALPNProtocols: [...options.ALPNProtocols],
  handshakeTimeout: HANDSHAKE_MS,
});

/** New connections get the certificate that the files hold now; those that exist go on. Throws and changes nothing when it is bad. */
export function reloadTls(server: HttpsServer, files: TlsFiles): void {
  server.setSecureContext({ ...options, ...readTls(files) });
}
