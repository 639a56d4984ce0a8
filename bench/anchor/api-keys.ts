import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const KEY = /^(rmp_(live|test)_([0-9A-Za-z]{12})([0-9A-Za-z]{43}))([0-9A-Za-z]{6})$/;
const ENVIRONMENT = process.env['NODE_ENV'] === 'production' ? 'live' : 'test';

export interface ParsedKey {
  readonly publicId: string;
  /** SHA-256 of the secret. */
  readonly digest: Buffer;
}

/** The parts of a key, or null: an invented one fails its checksum and costs no query. */
export function parseKey(text: string): ParsedKey | null {
  const [, body = '', environment, publicId = '', secret = '', sum] = KEY.exec(text) ?? [];
  if (environment !== ENVIRONMENT || sum !== checksum(body)) return null;
  return { publicId, digest: hash('sha256', secret, 'buffer') };
}

function checksum(text: string): string {
  let digits = '';
  for (let rest = crc32(text); rest > 0; rest = Math.floor(rest / 62)) digits = DIGITS.charAt(rest % 62) + digits;
  return digits.padStart(6, '0');
}
