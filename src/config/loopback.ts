import { isIP } from 'node:net';

/** Whether a host name or address can only mean this machine. A name other than `localhost` never does. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}
