import { createDecipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { deriveKey, Sealer } from './sealing.js';

const key = Buffer.alloc(32, 1);
const sealer = new Sealer(key);

describe('Sealer', () => {
  it.each([0, 1, 15, 16, 17, 100_000])('opens what it sealed, %d bytes long', (length) => {
    const plain = Buffer.alloc(length, 0x5a);
    const sealed = sealer.seal(plain, 'users.totp 1');
    expect(sealed.length).toBe(1 + 12 + length + 16);
    expect(sealer.open(sealed, 'users.totp 1').equals(plain)).toBe(true);
    expect(new Sealer(Buffer.alloc(32, 1)).open(sealed, 'users.totp 1').equals(plain)).toBe(true);
  });

  it('writes version, nonce, ciphertext and tag as AES-256-GCM has them', () => {
    const sealed = sealer.seal(Buffer.from('secret'), 'é');
    expect(sealed[0]).toBe(1);
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13));
    decipher.setAAD(Buffer.concat([Buffer.of(1), Buffer.from('é')])).setAuthTag(sealed.subarray(-16));
    expect(decipher.update(sealed.subarray(13, -16), undefined, 'utf8') + decipher.final('utf8')).toBe('secret');
  });

  it('uses a new nonce each time', () => {
    const nonces = Array.from({ length: 10_000 }, () =>
      sealer.seal(Buffer.alloc(1), 'c').subarray(1, 13).toString('hex'),
    );
    expect(new Set(nonces).size).toBe(nonces.length);
  });

  const sealed = sealer.seal(Buffer.from('secret'), 'context');
  const refusal = 'sealed data cannot be opened';

  it('opens in no other context and with no other key', () => {
    for (const context of ['', 'Context', 'context ', 'contex', '\u0001context']) {
      expect(() => sealer.open(sealed, context)).toThrow(refusal);
    }
    expect(() => new Sealer(Buffer.alloc(32, 2)).open(sealed, 'context')).toThrow(refusal);
    expect(sealer.open(sealed, 'context').toString()).toBe('secret');
  });

  it('opens after no change of one bit', () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = changed.readUInt8(bit >> 3) ^ (1 << (bit & 7));
      expect(() => sealer.open(changed, 'context')).toThrow(refusal);
    }
  });

  it('opens nothing shorter or longer', () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => sealer.open(sealed.subarray(0, length), 'context')).toThrow(refusal);
      expect(() => sealer.open(sealed.subarray(sealed.length - length), 'context')).toThrow(refusal);
    }
    expect(() => sealer.open(Buffer.concat([sealed, Buffer.alloc(1)]), 'context')).toThrow(refusal);
  });

  it.each([0, 16, 31, 33, 64])('takes no key of %d bytes', (length) => {
    expect(() => new Sealer(Buffer.alloc(length))).toThrow(RangeError);
  });
});

describe('deriveKey', () => {
  it('is HKDF-SHA-256 without a salt: RFC 5869, A.3 with a purpose in place of the empty info', () => {
    const secret = Buffer.alloc(22, 0x0b);
    // Computed once with another implementation of RFC 5869, section 2.
    expect(deriveKey(secret, 'rampart').toString('hex')).toBe(
      '7fcda5a5f55514eed197972606f2ed823273d3ae9c6b4b5f0fab62ec9ad10f1f',
    );
  });

  it('gives each purpose and each secret a key of its own', () => {
    const keys = [deriveKey('s', 'a'), deriveKey('s', 'b'), deriveKey('t', 'a'), deriveKey('sa', 'a')];
    expect(new Set(keys.map((derived) => derived.toString('hex'))).size).toBe(4);
    expect(keys.map((derived) => derived.length)).toEqual([32, 32, 32, 32]);
    expect(deriveKey('s', 'a').equals(deriveKey(Buffer.from('s'), 'a'))).toBe(true);
  });

  it('takes no empty secret and no empty purpose', () => {
    expect(() => deriveKey('', 'a')).toThrow(RangeError);
    expect(() => deriveKey(Buffer.alloc(0), 'a')).toThrow(RangeError);
    expect(() => deriveKey('s', '')).toThrow(RangeError);
  });
});
