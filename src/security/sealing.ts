import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/**
 * A key of 32 bytes for one purpose (HKDF-SHA-256, RFC 5869), so that what is made for one purpose serves no other. The secret
 * must be random already: this stretches no password. An empty secret or purpose is a RangeError.
 */
export function deriveKey(secret: Buffer | string, purpose: string): Buffer {
  if (secret.length === 0 || purpose === '') throw new RangeError('a key needs a secret and a purpose');
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES));
}

/**
 * Authenticated encryption of what is stored (AES-256-GCM, NIST SP 800-38D; ASVS 11.3.2): a version byte, a random nonce, the
 * ciphertext, the tag. One key is good for 2^32 values, the bound for random nonces (8.3).
 */
export class Sealer {
  private readonly key: KeyObject;

  /** A RangeError unless the key has 32 bytes. */
  constructor(key: Buffer) {
    if (key.length !== KEY_BYTES) throw new RangeError('a sealing key has 32 bytes');
    this.key = createSecretKey(key);
  }

  /** Seals bytes for one context, such as a table, a column and a row id: elsewhere they will not open. */
  seal(plain: Buffer, context: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(associated(context));
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** The bytes that were sealed. Throws one and the same Error for another key, another context and any change. */
  open(sealed: Buffer, context: string): Buffer {
    if (sealed.length < 1 + NONCE_BYTES + TAG_BYTES || sealed[0] !== VERSION) throw cannotOpen();
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associated(context));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      throw cannotOpen();
    }
  }
}

const cannotOpen = () => new Error('sealed data cannot be opened');

// The version is a part of what is authenticated, so that no value can be passed off as one of another version.
function associated(context: string): Buffer {
  return Buffer.concat([Buffer.of(VERSION), Buffer.from(context)]);
}
