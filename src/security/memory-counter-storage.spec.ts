import { afterEach, describe, expect, it } from 'vitest';
import type { Window } from './counter-storage.js';
import { type MemoryCounterOptions, MemoryCounterStorage } from './memory-counter-storage.js';

const open: MemoryCounterStorage[] = [];
afterEach(() => open.splice(0).forEach((storage) => storage.onModuleDestroy()));

function setUp(options: MemoryCounterOptions = {}) {
  const clock = { ms: 12_345.678 };
  const storage = new MemoryCounterStorage({ now: () => clock.ms, ...options });
  open.push(storage);
  return { storage, clock };
}

const per = (max: number, seconds: number, key = 'a', name = `${max}-${seconds}`, fallbackKey?: string): Window => ({
  name,
  key,
  ...(fallbackKey !== undefined && { fallbackKey: () => fallbackKey }),
  limit: { max, seconds },
});

describe('consume', () => {
  it('lets exactly N of N + k pass and says when the rest may come', () => {
    const { storage, clock } = setUp();
    const outcomes = Array.from({ length: 12 }, () => storage.consume([per(5, 60)]));
    expect(outcomes.map((outcome) => outcome.allowed)).toEqual([...Array(5).fill(true), ...Array(7).fill(false)]);
    expect(outcomes.map((outcome) => outcome.windows[0]?.remaining)).toEqual([4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(outcomes[0]).toMatchObject({ retryAfterSeconds: 0 });
    expect(outcomes[0]?.refusedBy).toBeUndefined();
    clock.ms += 12_500;
    const last = storage.consume([per(5, 60)]);
    expect(last).toMatchObject({
      allowed: false,
      retryAfterSeconds: 48,
      refusedBy: { name: '5-60', resetSeconds: 48 },
    });
  });

  it('begins the window at the first hit and ends it when it is over, not before', () => {
    const { storage, clock } = setUp();
    storage.consume([per(2, 60)]);
    clock.ms += 59_000;
    storage.consume([per(2, 60)]);
    clock.ms += 999;
    expect(storage.consume([per(2, 60)])).toMatchObject({ allowed: false, retryAfterSeconds: 1 });
    clock.ms += 1;
    const fresh = storage.consume([per(2, 60)]);
    expect(fresh).toMatchObject({ allowed: true, windows: [{ remaining: 1, resetSeconds: 60 }] });
    clock.ms += 30_000;
    storage.consume([per(2, 60)]);
    expect(storage.consume([per(2, 60)])).toMatchObject({ allowed: false, retryAfterSeconds: 30 });
  });

  it('begins a window again although older ones still wait for removal, and keeps it when they are removed', () => {
    const { storage, clock } = setUp();
    const hit = (key: string) => storage.consume([per(1, 1, key, 'x')]).allowed;
    expect(Array.from('abcdefgh', hit)).not.toContain(false);
    clock.ms += 1_000;
    expect([hit('h'), hit('h')]).toEqual([true, false]);
    expect(Array.from('abcdefg', hit)).not.toContain(false);
    expect(hit('h')).toBe(false);
  });

  it('counts no window when one is exhausted', () => {
    const { storage } = setUp();
    for (let i = 0; i < 3; i += 1) storage.consume([per(3, 60)]);
    const refused = storage.consume([per(10, 3600), per(3, 60), per(10, 1)]);
    expect(refused).toMatchObject({ allowed: false, refusedBy: { name: '3-60', remaining: 0 } });
    expect(refused.windows.map((window) => [window.remaining, window.resetSeconds])).toEqual([
      [10, 3600],
      [0, 60],
      [10, 1],
    ]);
    expect(storage.consume([per(10, 3600)]).windows[0]?.remaining).toBe(9);
    expect(storage.consume([per(10, 1)]).windows[0]?.remaining).toBe(9);
  });

  it('makes no counter for a refused request', () => {
    const { storage } = setUp();
    storage.consume([per(1, 60)]);
    for (let i = 0; i < 100; i += 1) storage.consume([per(1, 60), per(5, 60, `other ${i}`)]);
    expect(storage.size).toBe(1);
  });

  it('names the exhausted window with the longest wait', () => {
    const { storage, clock } = setUp();
    storage.consume([per(1, 3600)]);
    clock.ms += 10_000;
    storage.consume([per(1, 60)]);
    const refused = storage.consume([per(1, 60), per(1, 3600), per(9, 86_400)]);
    expect(refused).toMatchObject({ allowed: false, retryAfterSeconds: 3590, refusedBy: { name: '1-3600' } });
    expect(storage.consume([per(1, 3600), per(1, 60)]).refusedBy?.name).toBe('1-3600');
  });

  it('keeps keys, names and lengths apart', () => {
    const { storage } = setUp();
    for (const window of [per(1, 60, 'a', 'x'), per(1, 60, 'b', 'x'), per(1, 60, 'a', 'y'), per(1, 61, 'a', 'x')]) {
      expect(storage.consume([window]).allowed).toBe(true);
      expect(storage.consume([window]).allowed).toBe(false);
    }
    for (const key of ['__proto__', 'constructor', '']) {
      expect(storage.consume([per(1, 60, key)]).allowed).toBe(true);
      expect(storage.consume([per(1, 60, key)]).allowed).toBe(false);
    }
  });

  it('allows a request without windows, and none where the limit is zero', () => {
    const { storage } = setUp();
    expect(storage.consume([])).toEqual({ allowed: true, retryAfterSeconds: 0, windows: [] });
    expect(storage.consume([per(0, 60)])).toMatchObject({ allowed: false, retryAfterSeconds: 60 });
  });

  it('takes a limit that was lowered into account at once', () => {
    const { storage } = setUp();
    for (let i = 0; i < 5; i += 1) storage.consume([per(10, 60, 'a', 'key')]);
    expect(storage.consume([per(3, 60, 'a', 'key')])).toMatchObject({ allowed: false, windows: [{ remaining: 0 }] });
  });

  it('counts twice in a counter that two windows of one request share', () => {
    const { storage } = setUp();
    expect(storage.consume([per(9, 60), per(9, 60)]).windows.map((window) => window.remaining)).toEqual([7, 7]);
    expect(storage.size).toBe(1);
  });
});

describe('a full memory', () => {
  it('keeps every live counter and shares one per network among new keys', () => {
    const { storage } = setUp({ maxCounters: 3 });
    const hit = (key: string, network = 'net') => storage.consume([per(2, 60, key, 'x', network)]).allowed;
    for (const key of ['a', 'b', 'c']) expect(hit(key)).toBe(true);
    expect([hit('d'), hit('e'), hit('f')]).toEqual([true, true, false]);
    expect([hit('g', 'other'), hit('h', 'other'), hit('i', 'other')]).toEqual([true, true, false]);
    for (const key of ['a', 'b', 'c']) expect([hit(key), hit(key)]).toEqual([true, false]);
  });

  it('shares one counter among everybody when the networks are full too, or there is no network', () => {
    const { storage } = setUp({ maxCounters: 1, maxFallbackCounters: 1 });
    const hit = (key: string, network?: string) => storage.consume([per(2, 60, key, 'x', network)]).allowed;
    expect([hit('a', 'n1'), hit('b', 'n2')]).toEqual([true, true]);
    expect([hit('c', 'n3'), hit('d', 'n4'), hit('e', 'n5'), hit('f')]).toEqual([true, true, false, false]);
    expect([hit('b', 'n2'), hit('b', 'n2')]).toEqual([true, false]);
    expect(storage.size).toBe(3);
  });

  it('does not promise one place to two windows of a request', () => {
    for (const [options, network] of [
      [{ maxCounters: 1 }],
      [{ maxCounters: 0, maxFallbackCounters: 1 }, 'net'],
    ] as const) {
      const { storage } = setUp(options);
      const hit = (key: string, ...names: string[]) =>
        storage.consume(names.map((name) => per(1, 60, key, name, network && `${network} ${key}`))).allowed;
      expect(hit('a', 'x', 'y')).toBe(true);
      // x took the one place, so y was counted for everybody.
      expect([hit('b', 'y'), hit('b', 'x')]).toEqual([false, true]);
    }
  });

  it('finds room again where counters have expired', () => {
    const { storage, clock } = setUp({ maxCounters: 3 });
    const hit = (key: string, seconds: number) => storage.consume([per(1, seconds, key, 'x', 'net')]).allowed;
    expect([hit('a', 1), hit('b', 1), hit('c', 1), hit('d', 60), hit('e', 60)]).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
    clock.ms += 1_000;
    expect([hit('e', 60), hit('f', 60), hit('g', 60)]).toEqual([true, true, true]);
    expect(hit('h', 60)).toBe(false);
  });

  it('stays bounded in a flood of a million addresses, and exact for who was there before', () => {
    const { storage, clock } = setUp({ maxCounters: 20_000, maxFallbackCounters: 1_000 });
    for (let i = 0; i < 3; i += 1) storage.consume([per(5, 3600, 'victim', 'x', 'home')]);
    const started = performance.now();
    let largest = 0;
    for (let i = 0; i < 1_000_000; i += 1) {
      storage.consume([per(5, 3600, `k${i}`, 'x', `n${i >> 4}`)]);
      if (i % 10_000 === 0) clock.ms += 1;
      largest = Math.max(largest, storage.size);
    }
    expect(largest).toBe(21_001);
    const rest = Array.from({ length: 4 }, () => storage.consume([per(5, 3600, 'victim', 'x', 'home')]).allowed);
    expect(rest).toEqual([true, true, false, false]);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('removes expired counters while it works, so a slow flood never fills it', () => {
    const { storage, clock } = setUp({ maxCounters: 1_000 });
    const remaining = Array.from({ length: 50_000 }, (_, i) => {
      clock.ms += 2;
      return storage.consume([per(5, 1, `k${i}`, 'x', 'net')]).windows[0]?.remaining;
    });
    expect(new Set(remaining)).toEqual(new Set([4]));
    expect(storage.size).toBeLessThanOrEqual(501);
  });

  it('leaves no trace of a key that keeps coming back after its window', () => {
    const { storage, clock } = setUp();
    for (let i = 0; i < 1_000; i += 1) {
      storage.consume([per(1, 1)]);
      clock.ms += 1_000;
    }
    expect(storage.size).toBeLessThanOrEqual(2);
  });
});

describe('increment', () => {
  it('answers what the guard of the library reads', async () => {
    const { storage, clock } = setUp();
    const hit = () => storage.increment('k', 60_000, 2, 60_000, 'default');
    expect(await hit()).toEqual({ totalHits: 1, timeToExpire: 60, isBlocked: false, timeToBlockExpire: 0 });
    clock.ms += 500;
    expect(await hit()).toEqual({ totalHits: 2, timeToExpire: 60, isBlocked: false, timeToBlockExpire: 0 });
    clock.ms += 500;
    expect(await hit()).toEqual({ totalHits: 3, timeToExpire: 59, isBlocked: true, timeToBlockExpire: 59 });
  });

  it('shares its counters with consume', async () => {
    const { storage } = setUp();
    await storage.increment('a', 60_000, 5, 0, 'x');
    expect(storage.consume([per(5, 60, 'a', 'x')]).windows[0]?.remaining).toBe(3);
  });

  it('refuses a limit that would never refuse', async () => {
    const { storage } = setUp();
    await expect(storage.increment('a', Number.NaN, 5, 0, 'x')).rejects.toThrow(RangeError);
    await expect(storage.increment('a', 0, 5, 0, 'x')).rejects.toThrow(RangeError);
    await expect(storage.increment('a', 1_000, Number.NaN, 0, 'x')).rejects.toThrow(RangeError);
  });
});
