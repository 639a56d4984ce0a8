import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createApiKey, parseApiKey } from './api-key-format.js';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

// The polynomial of CRC-32 worked out bit by bit, so that the checksum is not compared with itself.
function crc(text: string): number {
  let value = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}

const valueOf = (digits: string) => Array.from(digits).reduce((sum, digit) => sum * 62 + base62.indexOf(digit), 0);

function withChecksum(body: string): string {
  let digits = '';
  for (let rest = crc(body), i = 0; i < 6; i += 1, rest = Math.floor(rest / 62))
    digits = base62.charAt(rest % 62) + digits;
  return body + digits;
}

describe('createApiKey', () => {
  it.each(['live', 'test'] as const)('makes a %s key that parses to its own parts', (environment) => {
    const { key, publicId, secretHash } = createApiKey(environment);
    expect(key).toMatch(/^rmp_(live|test)_[0-9A-Za-z]{61}$/);
    expect(key.slice(9, 21)).toBe(publicId);
    expect(secretHash.equals(createHash('sha256').update(key.slice(21, 64)).digest())).toBe(true);
    expect(parseApiKey(key)).toEqual({ environment, publicId, secretHash });
  });

  it('keeps an id and changes the secret when a key is rotated', () => {
    const first = createApiKey('live');
    const second = createApiKey('live', first.publicId);
    expect(parseApiKey(second.key)?.publicId).toBe(first.publicId);
    expect(second.secretHash.equals(first.secretHash)).toBe(false);
    for (const id of ['', 'short', 'a'.repeat(13), `${'a'.repeat(11)}-`]) {
      expect(() => createApiKey('live', id)).toThrow(RangeError);
    }
  });

  it('ends in the CRC-32 of all before it', () => {
    for (let i = 0; i < 500; i += 1) {
      const { key } = createApiKey('live');
      expect(valueOf(key.slice(-6))).toBe(crc(key.slice(0, -6)));
    }
  });

  it('draws every digit equally often, and never the same key twice', () => {
    const keys = Array.from({ length: 5_000 }, () => createApiKey('test').key);
    expect(new Set(keys.map((key) => key.slice(9, 21))).size).toBe(keys.length);
    const counts = new Map<string, number>();
    for (const digit of keys.flatMap((key) => Array.from(key.slice(9, 64))))
      counts.set(digit, (counts.get(digit) ?? 0) + 1);
    const expected = (5_000 * 55) / 62;
    const chi2 = Array.from(base62).reduce(
      (sum, digit) => sum + ((counts.get(digit) ?? 0) - expected) ** 2 / expected,
      0,
    );
    // 61 degrees of freedom: above 130 once in ten million runs; a byte taken modulo 62 gives about 4,000.
    expect(chi2).toBeLessThan(130);
  });
});

describe('parseApiKey', () => {
  const body = `rmp_live_${'a'.repeat(12)}${'B'.repeat(43)}`;
  const good = withChecksum(body);

  it('reads a key that another program has made', () => {
    expect(parseApiKey(good)?.publicId).toBe('a'.repeat(12));
    expect(parseApiKey(good)?.environment).toBe('live');
  });

  it('reads a checksum that begins with zeros', () => {
    const candidates = Array.from({ length: 20_000 }, (_, i) =>
      withChecksum(body.slice(0, -6) + String(i).padStart(6, '0')),
    );
    const padded = candidates.filter((key) => key.slice(-6).startsWith('00'));
    expect(padded.length).toBeGreaterThan(0);
    expect(padded.map((key) => parseApiKey(key)?.environment)).toEqual(padded.map(() => 'live'));
  });

  it('refuses every change of one character and every swap of two neighbours', () => {
    for (let i = 0; i < good.length; i += 1) {
      const others = Array.from(`${base62}_ -é\0`).filter((c) => c !== good[i]);
      const read = others.filter((c) => parseApiKey(good.slice(0, i) + c + good.slice(i + 1)) !== null);
      expect(read).toEqual([]);
      const swapped = good.slice(0, i) + good.charAt(i + 1) + good.charAt(i) + good.slice(i + 2);
      expect(swapped === good || parseApiKey(swapped) === null).toBe(true);
      expect(parseApiKey(good.slice(0, i) + good.slice(i + 1))).toBeNull();
      expect(parseApiKey(good.slice(0, i))).toBeNull();
    }
  });

  it.each([
    ['nothing', ''],
    ['a space after', `${good} `],
    ['a line feed after', `${good}\n`],
    ['a space before', ` ${good}`],
    ['two keys', `${good},${good}`],
    ['another prefix', withChecksum(`rmp_prod_${'a'.repeat(55)}`)],
    ['capitals in the prefix', withChecksum(`RMP_live_${'a'.repeat(55)}`)],
    ['a shorter secret', withChecksum(`rmp_live_${'a'.repeat(54)}`)],
    ['a longer secret', withChecksum(`rmp_live_${'a'.repeat(56)}`)],
    ['a character outside base62', withChecksum(`rmp_live_${'a'.repeat(54)}-`)],
    ['a fullwidth digit', withChecksum(`rmp_live_${'a'.repeat(54)}１`)],
    ['a very long text', `rmp_live_${'a'.repeat(1_000_000)}`],
    ['a lone surrogate', `${good.slice(0, -1)}\ud800`],
  ])('refuses %s', (_, text) => {
    expect(parseApiKey(text)).toBeNull();
  });

  it('never throws, whatever it is given', () => {
    for (const text of [undefined, null, 1, {}, [], Symbol.iterator]) {
      expect(Reflect.apply(parseApiKey, undefined, [text])).toBeNull();
    }
  });
});
