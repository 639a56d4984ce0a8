import { createHash, randomBytes } from 'node:crypto';
import { deriveKey, Sealer } from '../security/sealing.js';

const TOKEN_BYTES = 32;

/** A refresh token: 256 random bits, known to the database by its hash. */
export function newRefreshToken(): { token: string; hash: Buffer } {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, hash: hashOfToken(token) };
}

export const hashOfToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Seals a successor so that only who still holds the parent can read it: neither the database nor its backups can. */
export const sealSuccessor = (parent: string, successor: string, sessionId: string): Buffer =>
  successorSealer(parent).seal(Buffer.from(successor), sessionId);

/** Throws when the parent is not the one it was sealed for. */
export const openSuccessor = (parent: string, sealed: Buffer, sessionId: string): string =>
  successorSealer(parent).open(sealed, sessionId).toString();

const successorSealer = (parent: string): Sealer => new Sealer(deriveKey(parent, 'refresh successor'));
