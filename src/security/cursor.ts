import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

const TAG_BYTES = 16;
// 200 characters of a name, six bytes each when JSON escapes them, an id, and the tag, in base64url.
const LONGEST = 2_048;

/**
 * Opaque cursors that only their maker can write, each good for one scope (principal, filters, sort) and no other: without it
 * a cursor would carry a position from one list into another (tag: RFC 2104, 5). A key below 32 bytes is a RangeError.
 */
export class CursorSigner {
  private readonly key: KeyObject;

  constructor(key: Buffer) {
    if (key.length < 32) throw new RangeError('a cursor key has at least 32 bytes');
    this.key = createSecretKey(key);
  }

  /** A base64url text for the position. A RangeError for a number that is not finite and for a position of about 1.5 kB. */
  sign(scope: readonly string[], position: readonly (string | number)[]): string {
    const payload = Buffer.from(JSON.stringify(position));
    if (!isPosition(position)) throw new RangeError('a position consists of strings and finite numbers');
    const cursor = Buffer.concat([this.tag(scope, payload), payload]).toString('base64url');
    if (cursor.length > LONGEST) throw new RangeError('a position is too long for a cursor');
    return cursor;
  }

  /** The position signed for this very scope, else null. Never throws, whatever the cursor. */
  open(scope: readonly string[], cursor: string): (string | number)[] | null {
    if (typeof cursor !== 'string' || cursor.length > LONGEST) return null;
    const bytes = Buffer.from(cursor, 'base64url');
    // One cursor has one text: the decoder skips foreign characters, and takes padding and loose trailing bits.
    if (bytes.length <= TAG_BYTES || bytes.toString('base64url') !== cursor) return null;
    const payload = bytes.subarray(TAG_BYTES);
    if (!timingSafeEqual(bytes.subarray(0, TAG_BYTES), this.tag(scope, payload))) return null;
    return readPosition(payload);
  }

  private tag(scope: readonly string[], payload: Buffer): Buffer {
    // The count and each length precede what they count, so no two scopes make one text; UTF-16 keeps lone surrogates apart.
    const hmac = createHmac('sha256', this.key).update(`cursor ${scope.length};`);
    for (const part of scope) hmac.update(`${part.length}:`).update(part, 'utf16le');
    return hmac.update(payload).digest().subarray(0, TAG_BYTES);
  }
}

function readPosition(payload: Buffer): (string | number)[] | null {
  try {
    const position: unknown = JSON.parse(payload.toString('utf8'));
    return isPosition(position) ? position : null;
  } catch {
    return null;
  }
}

function isPosition(value: unknown): value is (string | number)[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'string' || Number.isFinite(part));
}
