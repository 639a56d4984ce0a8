import type { OnModuleDestroy } from '@nestjs/common';
import { CounterStorage, type Outcome, type Window, type WindowState } from './counter-storage.js';

const SWEEP_EVERY_MS = 5_000;
const SWEPT_PER_TICK = 20_000;
// At most one counter is made for each window of a request, so removing two keeps ahead of it.
const SWEPT_PER_REQUEST = 2;

class Counter {
  count = 0;
  next: Counter | undefined;

  constructor(
    readonly key: string,
    readonly expiresAt: number,
  ) {}
}

// Counters of one name and length. They expire in the order they were made, so the oldest is always the head of a queue
// and nothing is ever searched for what may go.
class Shelf {
  private readonly counters = new Map<string, Counter>();
  private head: Counter | undefined;
  private tail: Counter | undefined;

  find(key: string, now: number): Counter | undefined {
    const counter = this.counters.get(key);
    return counter !== undefined && counter.expiresAt > now ? counter : undefined;
  }

  add(counter: Counter): void {
    this.counters.set(counter.key, counter);
    if (this.tail === undefined) this.head = counter;
    else this.tail.next = counter;
    this.tail = counter;
  }

  sweep(now: number, most: number): number {
    let removed = 0;
    while (removed < most && this.head !== undefined && this.head.expiresAt <= now) {
      // An expired key that came back has a newer counter in its place.
      if (this.counters.get(this.head.key) === this.head) this.counters.delete(this.head.key);
      this.head = this.head.next;
      removed += 1;
    }
    if (this.head === undefined) this.tail = undefined;
    return removed;
  }
}

// All shelves that share one bound.
class Pool {
  size = 0;
  reserved = 0;
  private readonly shelves: Shelf[] = [];
  private readonly byLength = new Map<number, Map<string, Shelf>>();

  constructor(private readonly max: number) {}

  private shelf({ name, limit }: Window): Shelf {
    const known = this.byLength.get(limit.seconds)?.get(name);
    if (known !== undefined) return known;
    const shelf = new Shelf();
    this.shelves.push(shelf);
    this.byLength.set(limit.seconds, (this.byLength.get(limit.seconds) ?? new Map<string, Shelf>()).set(name, shelf));
    return shelf;
  }

  find(window: Window, key: string, now: number): Counter | undefined {
    const shelf = this.shelf(window);
    this.size -= shelf.sweep(now, SWEPT_PER_REQUEST);
    return shelf.find(key, now);
  }

  place(window: Window, key: string, now: number): Place {
    return { window, pool: this, key, counter: this.find(window, key, now) };
  }

  // The same, unless it needs a new counter and there is no room; what it promises is `reserved`.
  placeIfRoom(window: Window, key: string, now: number): Place | undefined {
    const place = this.place(window, key, now);
    if (place.counter !== undefined) return place;
    if (this.size + this.reserved >= this.max) this.sweep(now, this.reserved + 1);
    if (this.size + this.reserved >= this.max) return undefined;
    this.reserved += 1;
    return place;
  }

  sweep(now: number, mostOfEach: number): void {
    for (const shelf of this.shelves) this.size -= shelf.sweep(now, mostOfEach);
  }

  add(window: Window, key: string, now: number): Counter {
    const counter = new Counter(key, now + lengthOf(window));
    this.shelf(window).add(counter);
    this.size += 1;
    return counter;
  }
}

// Where a window is counted. A counter that does not exist yet is made only when no window refuses.
interface Place {
  readonly window: Window;
  readonly pool: Pool;
  readonly key: string;
  counter: Counter | undefined;
}

const used = ({ counter }: Place) => counter?.count ?? 0;
const lengthOf = ({ limit }: Window) => Math.round(limit.seconds * 1_000);
const waitOf = ({ counter, window }: Place, now: number) => (counter ? counter.expiresAt - now : lengthOf(window));

function stateOf(place: Place, now: number): WindowState {
  const { name, limit } = place.window;
  const remaining = Math.max(0, limit.max - used(place));
  return { name, limit, remaining, resetSeconds: Math.ceil(waitOf(place, now) / 1_000) };
}

function longestWait(places: readonly Place[], now: number): Place | undefined {
  let longest: Place | undefined;
  for (const place of places) {
    if (used(place) < place.window.limit.max) continue;
    if (longest === undefined || waitOf(place, now) > waitOf(longest, now)) longest = place;
  }
  return longest;
}

/** Bounds of the memory, and the clock. */
export interface MemoryCounterOptions {
  /** Counters of single keys. */
  readonly maxCounters?: number;
  /** Counters shared by a network, once those are full. When these are full too, each limit has one for everybody. */
  readonly maxFallbackCounters?: number;
  /** Milliseconds that never go back: setting the clock of the machine must neither open a window nor prolong it. */
  readonly now?: () => number;
}

/**
 * Counters in the memory of this process: exact fixed windows from the first hit, bounded (OWASP API4:2023). When full, new
 * keys share a counter per network and no live counter is dropped: a flood would otherwise reset the limits of everybody.
 */
export class MemoryCounterStorage extends CounterStorage implements OnModuleDestroy {
  readonly standing = { store: 'memory', counting: 'memory' } as const;
  private readonly single: Pool;
  private readonly shared: Pool;
  private readonly everybody = new Pool(Number.POSITIVE_INFINITY);
  private readonly now: () => number;
  private readonly timer: NodeJS.Timeout;

  constructor(options: MemoryCounterOptions = {}) {
    super();
    this.single = new Pool(options.maxCounters ?? 200_000);
    this.shared = new Pool(options.maxFallbackCounters ?? 65_536);
    const clock = options.now ?? (() => performance.now());
    // With fractions a fresh window of 60 s would end in 60.000000000001 s, which rounds up to 61.
    this.now = () => Math.floor(clock());
    this.timer = setInterval(() => this.sweep(), SWEEP_EVERY_MS).unref();
  }

  /** Counters held, the expired ones that still wait for removal included. */
  get size(): number {
    return this.single.size + this.shared.size + this.everybody.size;
  }

  /** Synchronous, so of N + k simultaneous requests exactly N pass. */
  consume(windows: readonly Window[]): Outcome {
    const now = this.now();
    const places = windows.map((window) => this.locate(window, now));
    this.single.reserved = 0;
    this.shared.reserved = 0;
    const refusing = longestWait(places, now);
    if (refusing === undefined) for (const place of places) this.count(place, now);
    const states = places.map((place) => stateOf(place, now));
    if (refusing === undefined) return { allowed: true, retryAfterSeconds: 0, windows: states };
    const refusedBy = stateOf(refusing, now);
    return { allowed: false, refusedBy, retryAfterSeconds: refusedBy.resetSeconds, windows: states };
  }

  /** Stops the sweep. */
  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private locate(window: Window, now: number): Place {
    const { key, fallbackKey } = window;
    return (
      this.single.placeIfRoom(window, key, now) ??
      (fallbackKey === undefined ? undefined : this.shared.placeIfRoom(window, fallbackKey(), now)) ??
      this.everybody.place(window, '', now)
    );
  }

  private count(place: Place, now: number): void {
    // Looked for again, since two windows of one request may share a counter that did not exist when they were located.
    place.counter ??= place.pool.find(place.window, place.key, now) ?? place.pool.add(place.window, place.key, now);
    place.counter.count += 1;
  }

  private sweep(): void {
    const now = this.now();
    for (const pool of [this.single, this.shared, this.everybody]) pool.sweep(now, SWEPT_PER_TICK);
  }
}
