import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A key is `rmp_<environment>_`, 12 characters of id, 43 of secret and 6 of checksum, in base62. */
export type ApiKeyEnvironment = 'live' | 'test';

/** What is known of a key without its secret. */
export interface ParsedApiKey {
  environment: ApiKeyEnvironment;
  publicId: string;
  /** SHA-256 of the secret's 43 characters, which is what is stored. */
  secretHash: Buffer;
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 12;
// 62^43 is more than 2^256.
const SECRET_LENGTH = 43;
// 62^6 is more than 2^32.
const CHECKSUM_LENGTH = 6;
const KEY = /^(rmp_(live|test)_([0-9A-Za-z]{12})([0-9A-Za-z]{43}))([0-9A-Za-z]{6})$/;

// The largest multiple of 62 in a byte: bytes from there on are drawn again, or the first digits would come more often.
const UNBIASED = 248;

function randomDigits(length: number): string {
  let digits = '';
  while (digits.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < UNBIASED && digits.length < length) digits += DIGITS.charAt(byte % DIGITS.length);
    }
  }
  return digits;
}

function checksum(text: string): string {
  let digits = '';
  for (let rest = crc32(text); rest > 0; rest = Math.floor(rest / DIGITS.length)) {
    digits = DIGITS.charAt(rest % DIGITS.length) + digits;
  }
  return digits.padStart(CHECKSUM_LENGTH, '0');
}

/**
 * A new key, to be shown once; a rotated one keeps its `publicId`. A fast hash of the secret is enough to store, because it holds 256 random bits (ASVS 11.4.2
 * asks for a slow one where people choose). The checksum is no secret: it tells a mistyped key from a revoked one.
 */
export function createApiKey(environment: ApiKeyEnvironment, publicId = randomDigits(ID_LENGTH)) {
  const secret = randomDigits(SECRET_LENGTH);
  const text = `rmp_${environment}_${publicId}${secret}`;
  const key = text + checksum(text);
  if (!KEY.test(key)) throw new RangeError('the id of a key has 12 characters of base62');
  return { key, publicId, secretHash: hash('sha256', secret, 'buffer') };
}

/** The parts of a key, or null for anything else: an invented key is refused before it costs a query. Never throws. */
export function parseApiKey(text: string): ParsedApiKey | null {
  if (typeof text !== 'string') return null;
  const [, body = '', environment, publicId = '', secret = '', sum] = KEY.exec(text) ?? [];
  if ((environment !== 'live' && environment !== 'test') || sum !== checksum(body)) return null;
  return { environment, publicId, secretHash: hash('sha256', secret, 'buffer') };
}
