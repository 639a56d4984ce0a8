import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';

const TAG_BYTES = 16;
const LONGEST = 2048;
const key = createSecretKey(randomBytes(32));

/** A place in the list of one principal, which only this process can name. */
export function signCursor(scope: string, position: readonly string[]): string {
  const payload = Buffer.from(JSON.stringify(position));
  return Buffer.concat([tagOf(scope, payload), payload]).toString('base64url');
}

export function openCursor(scope: string, cursor: string): string[] | null {
  if (cursor.length > LONGEST) return null;
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length <= TAG_BYTES || bytes.toString('base64url') !== cursor) return null;
  const payload = bytes.subarray(TAG_BYTES);
  if (!timingSafeEqual(bytes.subarray(0, TAG_BYTES), tagOf(scope, payload))) return null;
  return JSON.parse(payload.toString()) as string[];
}

const tagOf = (scope: string, payload: Buffer): Buffer =>
  createHmac('sha256', key).update(`${scope.length}:${scope}`).update(payload).digest().subarray(0, TAG_BYTES);
