import { describe, expect, it } from 'vitest';
import { accountKey } from './account-key.js';

describe('the account that guesses are counted for', () => {
  it.each([
    ['a space', ' '],
    ['a tab and a new line', '\t\n'],
    ['a space that does not break', '\u00a0'],
    ['an ideographic space', '\u3000'],
    ['a space of no width', '\u200b'],
    ['a joiner', '\u200d'],
    ['a byte order mark', '\ufeff'],
    ['a soft hyphen', '\u00ad'],
    ['a mark of direction', '\u202e'],
    ['a variation selector', '\ufe0f'],
    ['a tag', '\u{e0061}'],
    ['NUL', '\u0000'],
  ])('is the same with %s in it', (_, blank) => {
    for (const written of [
      `${blank}ada@example.com`,
      `a${blank}da@ex${blank}${blank}ample.com`,
      `ada@example.com${blank}`,
    ]) {
      expect(accountKey(written)).toBe('ada@example.com');
    }
  });

  it('is the same where two halves of a letter had something between them', () => {
    expect(accountKey('e\u200d\u0301@example.com')).toBe('\u00e9@example.com');
  });

  it('is another for other letters', () => {
    expect(accountKey('ad\u00e1@example.com')).not.toBe(accountKey('ada@example.com'));
  });
});
