import { deriveKey, Sealer } from '../security/sealing.js';

/** Seals a successor so that only who still holds the parent can read it: neither the database nor its backups can. */
export const sealSuccessor = (parent: string, successor: string, sessionId: string): Buffer =>
  successorSealer(parent).seal(Buffer.from(successor), sessionId);

/** Throws when the parent is not the one it was sealed for. */
export const openSuccessor = (parent: string, sealed: Buffer, sessionId: string): string =>
  successorSealer(parent).open(sealed, sessionId).toString();

const successorSealer = (parent: string): Sealer => new Sealer(deriveKey(parent, 'refresh successor'));
