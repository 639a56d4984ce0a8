import { describe, expect, it } from 'vitest';
import { formatLimits, parseLimits } from './limits.js';

describe('parseLimits', () => {
  it('reads one limit of each unit', () => {
    expect(parseLimits('1/second')).toEqual([{ max: 1, seconds: 1 }]);
    expect(parseLimits('1200/minute')).toEqual([{ max: 1200, seconds: 60 }]);
    expect(parseLimits('50/hour')).toEqual([{ max: 50, seconds: 3600 }]);
    expect(parseLimits('1000000000/day')).toEqual([{ max: 1_000_000_000, seconds: 86_400 }]);
  });

  it('keeps the order of several limits', () => {
    expect(parseLimits('200/day;50/hour')).toEqual([
      { max: 200, seconds: 86_400 },
      { max: 50, seconds: 3600 },
    ]);
  });

  it('takes spaces around the separators', () => {
    expect(parseLimits('200 / day  ; 50/ hour')).toEqual(parseLimits('200/day;50/hour'));
  });

  const refused = [
    '',
    ' ',
    ';',
    '5',
    '5/',
    '/minute',
    '0/minute',
    '00/minute',
    '05/minute',
    '-5/minute',
    '+5/minute',
    '1.5/minute',
    '1e3/minute',
    '0x10/minute',
    '1_000/minute',
    '1000000001/day',
    '99999999999999999999/day',
    'NaN/minute',
    'Infinity/day',
    '５/minute',
    '5/Minute',
    '5/minutes',
    '5/week',
    '5/min',
    '5 per minute',
    '5/minute;',
    ';5/minute',
    '5/minute;;5/hour',
    '5/minute,5/hour',
    '5/minute;6/minute',
    '5/minute 6/hour',
    '5 0/minute',
    ' 5/minute',
    '5/minute ',
    '5/minute\n',
    '5\t/minute',
    '5\u00a0/minute',
    '5/minute;\n5/hour',
    '5/constructor',
    '5/__proto__',
    `${' '.repeat(300)}5/minute`,
    `5${' '.repeat(100_000)}/minute`,
  ];
  it.each(refused)('refuses %j', (text) => {
    expect(() => parseLimits(text)).toThrow(RangeError);
  });

  it('never repeats the text it refuses', () => {
    expect(() => parseLimits('hunter2/minute')).not.toThrow(/hunter2/);
    expect(() => parseLimits('hunter2/minute')).toThrow(RangeError);
  });
});

describe('formatLimits', () => {
  it('writes what parseLimits reads', () => {
    const text = '10/second;1200/minute;5000/hour;10000/day';
    expect(formatLimits(parseLimits(text))).toBe(text);
  });

  it('refuses a window that has no name', () => {
    expect(() => formatLimits([{ max: 1, seconds: 61 }])).toThrow(RangeError);
  });
});
