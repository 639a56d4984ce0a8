import { createHash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;

/** A token of 256 random bits, known to the database by its hash: nothing can be guessed, so nothing need be stretched (ASVS 11.4.2). */
export function newOpaqueToken(): { token: string; hash: Buffer } {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, hash: hashOfToken(token) };
}

/** SHA-256: 32 bytes. */
export const hashOfToken = (token: string): Buffer => createHash('sha256').update(token).digest();
