import { describe, expect, it } from 'vitest';
import type { WindowState } from './counter-storage.js';
import { rateLimit, rateLimitPolicy } from './rate-limit-fields.js';

const windows: WindowState[] = [
  { name: 'address', limit: { max: 1200, seconds: 60 }, remaining: 1199, resetSeconds: 60 },
  { name: 'anonymous-minute', limit: { max: 120, seconds: 60 }, remaining: 0, resetSeconds: 7 },
  { name: 'anonymous-day', limit: { max: 10_000, seconds: 86_400 }, remaining: 9_880, resetSeconds: 86_001 },
];

describe('the rate limit fields', () => {
  it('writes the policies as a list of strings with quota and window', () => {
    expect(rateLimitPolicy(windows)).toBe(
      '"address";q=1200;w=60, "anonymous-minute";q=120;w=60, "anonymous-day";q=10000;w=86400',
    );
  });

  it('writes what remains and when it begins again', () => {
    expect(rateLimit(windows)).toBe(
      '"address";r=1199;t=60, "anonymous-minute";r=0;t=7, "anonymous-day";r=9880;t=86001',
    );
  });

  it('is empty without windows', () => {
    expect(rateLimitPolicy([])).toBe('');
    expect(rateLimit([])).toBe('');
  });

  it('escapes a name, so it cannot end its string', () => {
    const odd = [{ ...windows[0]!, name: 'a"b\\c d' }];
    expect(rateLimit(odd)).toBe('"a\\"b\\\\c d";r=1199;t=60');
    expect(rateLimitPolicy(odd)).toBe('"a\\"b\\\\c d";q=1200;w=60');
  });

  it.each(['a\r\nSet-Cookie: x', 'a\u0000', 'é', '\u007f'])('refuses the name %j, which no field can hold', (name) => {
    expect(() => rateLimit([{ ...windows[0]!, name }])).toThrow(RangeError);
    expect(() => rateLimitPolicy([{ ...windows[0]!, name }])).toThrow(RangeError);
  });
});
