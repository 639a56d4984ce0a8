import { describe, expect, it } from 'vitest';
import { formatEtag, ifMatch, ifNoneMatch } from './etag.js';

const malformed = [
  '',
  ' ',
  ',',
  ', ,',
  '7',
  "'7'",
  '"7',
  '7"',
  '"7" "8"',
  '"7";"7"',
  '"7", *',
  '*, "7"',
  '**',
  '"7"x',
  'x"7"',
  'w/"7"',
  'W/ "7"',
  'W/',
  '"7",8',
  '"7", "8',
  '"7 "7"',
  '"\u0000", "7"',
  '"a b", "7"',
  '"\u007f", "7"',
  '"\u0100", "7"',
  '"7"\n',
  '\u00a0"7"',
];

describe('formatEtag', () => {
  it('quotes the version', () => {
    expect([0, 7, 1_000_000].map(formatEtag)).toEqual(['"0"', '"7"', '"1000000"']);
  });

  it.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53])('refuses %d, which is no version', (version) => {
    expect(() => formatEtag(version)).toThrow(RangeError);
  });
});

describe('ifMatch', () => {
  it('is absent only without the field', () => {
    expect(ifMatch(undefined, '"7"')).toBe('absent');
    expect(ifMatch('', '"7"')).toBe('mismatch');
  });

  it.each([
    '"7"',
    '*',
    ' * ',
    '"6", "7"',
    '"7","6"',
    ' "7" ',
    ',"7",',
    ',\t,"6" ,\t"7"',
    '"a,b", "7"',
    'W/"7", "7"',
    '"é", "7"',
  ])('matches %j', (header) => {
    expect(ifMatch(header, '"7"')).toBe('match');
  });

  it.each(['"6"', '"77"', '"07"', 'W/"7"', '"W/7"', '"6", W/"7"', '"a,"', '""', '"6,7"', '"\\"', ...malformed])(
    'does not match %j',
    (header) => {
      expect(ifMatch(header, '"7"')).toBe('mismatch');
    },
  );

  it('takes a comma inside a tag for a part of it', () => {
    expect(ifMatch('"x,7"', '"x,7"')).toBe('match');
    expect(ifMatch('"a", "x,7"', '"x,7"')).toBe('match');
    expect(ifMatch('"x","7"', '"x,7"')).toBe('mismatch');
  });
});

describe('ifNoneMatch', () => {
  it.each(['"7"', 'W/"7"', '*', '"6", W/"7"', 'W/"7","6"', '"a,b" , "7"'])('matches %j', (header) => {
    expect(ifNoneMatch(header, '"7"')).toBe(true);
  });

  it.each(['"6"', 'W/"77"', 'W/"6", "8"', ...malformed])('does not match %j', (header) => {
    expect(ifNoneMatch(header, '"7"')).toBe(false);
  });

  it('does not match without the field', () => {
    expect(ifNoneMatch(undefined, '"7"')).toBe(false);
  });
});

describe('reading entity tags', () => {
  it('takes linear time for hostile fields', () => {
    const n = 200_000;
    const hostile = [
      ' '.repeat(n),
      ','.repeat(n),
      '"'.repeat(n),
      `"${'a'.repeat(n)}`,
      '"a"'.repeat(n),
      '"a",'.repeat(n),
    ];
    hostile.push(`"a"${' '.repeat(n)}x`, ` ${'\t '.repeat(n)}"`, 'W/'.repeat(n), '"a" ,'.repeat(n), '*'.repeat(n));
    const started = performance.now();
    for (const header of hostile)
      expect([ifMatch(header, '"7"'), ifNoneMatch(header, '"7"')]).toEqual(['mismatch', false]);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
