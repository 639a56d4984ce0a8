import { isIPv4 } from 'node:net';

export interface Limit {
  readonly max: number;
  readonly seconds: number;
}

interface Counter {
  count: number;
  readonly until: number;
}

/** A limit and whose counters are its: `name` is what the answers call it. */
export interface Window {
  readonly name: string;
  readonly limit: Limit;
  readonly policy: string;
  readonly counters: Map<string, Counter>;
}

/** What an answer says, and how long who is refused has to wait. */
export interface Count {
  readonly policy: string;
  readonly state: string;
  readonly retryAfter: number;
}

const SECONDS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };
const MOST = 200_000;
const SWEEP_MS = 5000;
const windows = new Set<Window>();

/** `<n>/<unit>`, several of them between semicolons. */
export function parseLimits(text: string): Limit[] {
  return text.split(';').map((part) => {
    const [, max, unit = ''] = /^ *([1-9]\d{0,9}) *\/ *(\w+) *$/.exec(part) ?? [];
    const seconds = SECONDS[unit];
    if (seconds === undefined) throw new RangeError('a limit is written <n>/<unit>');
    return { max: Number(max), seconds };
  });
}

/** Several windows of one tier are told apart by their unit. */
export function windowsOf(tier: string, limits: readonly Limit[]): Window[] {
  return limits.map((limit) => {
    const unit = Object.keys(SECONDS).find((each) => SECONDS[each] === limit.seconds);
    const name = limits.length === 1 ? tier : `${tier}-${unit}`;
    const window = { name, limit, policy: `"${name}";q=${limit.max};w=${limit.seconds}`, counters: new Map() };
    windows.add(window);
    return window;
  });
}

/** A window of each key of an API that has a limit of its own: as many as there are such keys. */
const own = new Map<string, Window[]>();
export function windowsOfKey(limits: string): Window[] {
  let known = own.get(limits);
  if (!known) own.set(limits, (known = windowsOf('key', parseLimits(limits))));
  return known;
}

/** Fixed windows from the first hit: counted in all of them, or in none when one is exhausted. Synchronous, so exactly N pass. */
export function count(tiers: readonly Window[], key: string, more?: readonly Window[], moreKey = ''): Count {
  const now = Math.floor(performance.now());
  const all = more ? [...tiers, ...more] : tiers;
  const counters: Counter[] = [];
  let wait = 0;
  for (const window of all) {
    const counter = counterOf(window, counters.length < tiers.length ? key : moreKey, now);
    counters.push(counter);
    if (counter.count >= window.limit.max && counter.until - now > wait) wait = counter.until - now;
  }
  let [policy, state] = ['', ''];
  for (let i = 0; i < counters.length; i++) {
    const [window, counter] = [all[i] as Window, counters[i] as Counter];
    if (wait === 0) counter.count += 1;
    if (i > 0) [policy, state] = [`${policy}, `, `${state}, `];
    policy += window.policy;
    state += `"${window.name}";r=${Math.max(0, window.limit.max - counter.count)};t=${seconds(counter.until - now)}`;
  }
  return { policy, state, retryAfter: seconds(wait) };
}

const seconds = (ms: number): number => Math.ceil(ms / 1000);

function counterOf({ counters, limit }: Window, key: string, now: number): Counter {
  const known = counters.get(key);
  if (known && known.until > now) return known;
  // When it is full of live ones, everybody new shares one: dropping some would reset the limits of whoever they are.
  const name = known || counters.size < MOST ? key : '';
  const shared = name === '' ? counters.get(name) : undefined;
  if (shared && shared.until > now) return shared;
  const counter = { count: 0, until: now + limit.seconds * 1000 };
  counters.set(name, counter);
  return counter;
}

setInterval(() => {
  const now = performance.now();
  for (const { counters } of windows) for (const [key, { until }] of counters) if (until <= now) counters.delete(key);
}, SWEEP_MS).unref();

/** An IPv4 address, or the /64 of an IPv6 one. */
export function bucketOf(ip: string): string {
  if (isIPv4(ip)) return ip;
  if (ip.startsWith('::ffff:') && isIPv4(ip.slice(7))) return ip.slice(7);
  return `${ip.split(':', 4).join(':')}::/64`;
}
