import { describe, expect, it } from 'vitest';
import { parseIdempotencyKey } from './idempotency-key.js';

const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).join('');

describe('parseIdempotencyKey', () => {
  it.each([
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['x', 'x'],
    ['"x"', 'x'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['"\\\\"', '\\'],
    ['"\\""', '"'],
    ['a"b', 'a"b'],
    ['a\\b', 'a\\b'],
    ['a,b', 'a,b'],
    ['x'.repeat(255), 'x'.repeat(255)],
    [`"${'x'.repeat(255)}"`, 'x'.repeat(255)],
    [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
    [`a${visible}`, `a${visible}`],
    [JSON.stringify(visible), visible],
  ])('reads %s', (header, key) => {
    expect(parseIdempotencyKey(header)).toBe(key);
  });

  it.each([
    ['nothing', ''],
    ['a space', ' '],
    ['an empty string', '""'],
    ['one quotation mark', '"'],
    ['three quotation marks', '"""'],
    ['a string that does not end', '"abc'],
    ['a string that ends twice', '"abc""'],
    ['text after a string', '"abc"d'],
    ['a parameter', '"abc";v=1'],
    ['two strings', '"abc", "abc"'],
    ['two bare keys', 'abc, abc'],
    ['a space inside', 'a b'],
    ['a space inside a string', '"a b"'],
    ['a space before', ' abc'],
    ['a tab', 'a\tb'],
    ['an unknown escape', '"a\\nb"'],
    ['an escaped end', '"abc\\"'],
    ['256 characters', 'x'.repeat(256)],
    ['256 characters in a string', `"${'x'.repeat(256)}"`],
    ['a very long text', 'x'.repeat(1_000_000)],
    ['NUL', 'a\0'],
    ['DEL', 'a\u007f'],
    ['a line feed at the end', 'abc\n'],
    ['Latin-1', 'é'],
    ['Latin-1 in a string', '"é"'],
    ['an emoji', '😀'],
    ['fullwidth letters', 'ａｂｃ'],
  ])('refuses %s', (_, header) => {
    expect(parseIdempotencyKey(header)).toBeNull();
  });
});
