import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CursorSigner } from './cursor.js';

const key = Buffer.alloc(32, 7);
const signer = new CursorSigner(key);
const scope = ['user:1', 'tag=a', '-createdAt'];

describe('sign and open', () => {
  it.each([
    [[]],
    [['2025-01-01T00:00:00.000Z', '0190a5c4-0000-7000-8000-000000000000']],
    [['', 0, -0.5, 1e300, Number.MAX_SAFE_INTEGER]],
    [['é😀"\\\n\u0000', '\ud800']],
    [['😀'.repeat(200), '0190a5c4-0000-7000-8000-000000000000']],
    [['\u0001'.repeat(200), '0190a5c4-0000-7000-8000-000000000000']],
  ])('gives back the position %j', (position) => {
    const cursor = signer.sign(scope, position);
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(signer.open(scope, cursor)).toEqual(position);
  });

  it('shows neither scope nor key in the cursor, and differs with either', () => {
    const cursor = signer.sign(scope, ['p']);
    expect(Buffer.from(cursor, 'base64url').toString()).not.toContain('user:1');
    expect(signer.sign(['user:2', 'tag=a', '-createdAt'], ['p'])).not.toBe(cursor);
    expect(new CursorSigner(Buffer.alloc(32, 8)).sign(scope, ['p'])).not.toBe(cursor);
  });

  it.each([
    [[]],
    [['user:1']],
    [['user:1', 'tag=a']],
    [['user:1', 'tag=a', 'createdAt']],
    [['user:2', 'tag=a', '-createdAt']],
    [['tag=a', 'user:1', '-createdAt']],
    [['user:1', 'tag=a-createdAt']],
    [['user:1', 'tag=a-createdAt', '']],
    [['user:1tag=a', '-createdAt', '']],
    [['user:1', 'tag=a', '-createdAt', '']],
    [['', 'user:1', 'tag=a', '-createdAt']],
    [['user:15:tag=a', '-createdAt']],
    [['User:1', 'tag=a', '-createdAt']],
  ])('opens for no other scope: %j', (other) => {
    expect(signer.open(other, signer.sign(scope, ['p', 1]))).toBeNull();
  });

  it('keeps apart scopes that differ only where UTF-8 would not', () => {
    expect(signer.open(['\ud801'], signer.sign(['\ud800'], ['p']))).toBeNull();
    expect(signer.open(['\ufffd'], signer.sign(['\ud800'], ['p']))).toBeNull();
  });

  it('does not open with another key', () => {
    expect(new CursorSigner(Buffer.alloc(32, 8)).open(scope, signer.sign(scope, ['p']))).toBeNull();
  });

  it('does not open after any change of one character', () => {
    const cursor = signer.sign(scope, ['p', 1]);
    for (let i = 0; i < cursor.length; i += 1) {
      for (const c of ['A', 'z', '-', '_', '=', '+', '/', ' ', '\0', 'é']) {
        if (cursor[i] === c) continue;
        expect(signer.open(scope, cursor.slice(0, i) + c + cursor.slice(i + 1))).toBeNull();
        expect(signer.open(scope, cursor.slice(0, i) + c + cursor.slice(i))).toBeNull();
      }
      expect(signer.open(scope, cursor.slice(0, i) + cursor.slice(i + 1))).toBeNull();
      expect(signer.open(scope, cursor.slice(0, i))).toBeNull();
    }
  });

  it('opens one text alone, though others decode to the same bytes', () => {
    const cursor = signer.sign(scope, ['pq']);
    expect(cursor.length % 4).not.toBe(0);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const loose = cursor.slice(0, -1) + alphabet[alphabet.indexOf(cursor.at(-1)!) + 1];
    const others = [
      loose,
      `${cursor}=`,
      `${cursor}==`,
      `${cursor}\n`,
      ` ${cursor}`,
      `${cursor.slice(0, 9)}.${cursor.slice(9)}`,
    ];
    const bytes = Buffer.from(cursor, 'base64url');
    expect(others.filter((other) => !Buffer.from(other, 'base64url').equals(bytes))).toEqual([]);
    expect(others.filter((other) => signer.open(scope, other) !== null)).toEqual([]);
  });

  it('opens nothing of another shape, though the tag is right', () => {
    for (const text of [
      '',
      '{}',
      '1',
      'null',
      '"x"',
      '[null]',
      '[[1]]',
      '[{"a":1}]',
      '[true]',
      '[',
      '["x"',
      '[1e400]',
      `["${'x'.repeat(2_000)}"]`,
    ]) {
      const payload = Buffer.from(text);
      const hmac = createHmac('sha256', key).update('cursor 1;1:').update('s', 'utf16le').update(payload);
      const forged = Buffer.concat([hmac.digest().subarray(0, 16), payload]).toString('base64url');
      expect([text, signer.open(['s'], forged)]).toEqual([text, null]);
    }
    expect(signer.open(['s'], signer.sign(['s'], [1]))).toEqual([1]);
  });

  it('answers null for random text of any kind and length', () => {
    const alphabets = ['ABCabc019-_', 'ABC+/=. \n', '\0\ud800\udfff😀é"', 'e30W'];
    let seed = 3;
    const random = (n: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * n);
    };
    for (let i = 0; i < 20_000; i += 1) {
      const alphabet = alphabets[i % alphabets.length]!;
      const text = Array.from({ length: random(80) }, () => alphabet[random(alphabet.length)]).join('');
      expect(signer.open(scope, text)).toBeNull();
    }
    for (const length of [2_047, 2_048, 2_049, 1_000_000]) expect(signer.open(scope, 'A'.repeat(length))).toBeNull();
    for (const other of [undefined, null, 1, {}, ['x']]) {
      expect(Reflect.apply(signer.open.bind(signer), undefined, [scope, other])).toBeNull();
    }
  });

  it('signs nothing it would not open', () => {
    for (const position of [[Number.NaN], [Infinity], [null], [{}], ['x'.repeat(2_000)]]) {
      expect(() => Reflect.apply(signer.sign.bind(signer), undefined, [scope, position])).toThrow(RangeError);
    }
    expect(() => new CursorSigner(Buffer.alloc(31))).toThrow(RangeError);
  });
});
