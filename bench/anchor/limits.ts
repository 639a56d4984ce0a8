import { isIPv4 } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from './problems.js';
import type { Principal } from './authentication.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The `RateLimit` field so far. */
    counted: string;
  }
}

export interface Limit {
  readonly max: number;
  readonly seconds: number;
}

const SECONDS = { second: 1, minute: 60, hour: 3600, day: 86_400 } as const;
const MOST_COUNTERS = 200_000;

/** `<n>/<unit>`. */
export function parseLimit(text: string): Limit {
  const [max, unit] = text.split('/');
  return { max: Number(max), seconds: SECONDS[unit as keyof typeof SECONDS] };
}

const policyOf = (name: string, { max, seconds }: Limit) => `"${name}";q=${max};w=${seconds}`;

/** Fixed windows from the first hit, all of a step at once or none. */
class Tier {
  readonly policy: string;
  private readonly counters = new Map<string, { count: number; until: number }>();

  constructor(
    readonly name: string,
    readonly limit: Limit,
  ) {
    this.policy = policyOf(name, limit);
    setInterval(() => this.sweep(), 5000).unref();
  }

  counter(key: string, now: number): { count: number; until: number } {
    let counter = this.counters.get(key);
    if (counter && counter.until > now) return counter;
    counter = { count: 0, until: now + this.limit.seconds * 1000 };
    if (this.counters.size < MOST_COUNTERS) this.counters.set(key, counter);
    return counter;
  }

  private sweep(): void {
    const now = performance.now();
    for (const [key, { until }] of this.counters) if (until <= now) this.counters.delete(key);
  }
}

type Name = 'address' | 'anonymous' | 'principal' | 'sensitive';

export class Limits {
  private readonly tiers: Record<Name, Tier>;
  private readonly keys = new Map<string, Tier>();

  constructor(limits: Record<Name, Limit>) {
    const entries = Object.entries(limits).map(([name, limit]) => [name, new Tier(name, limit)]);
    this.tiers = Object.fromEntries(entries) as Record<Name, Tier>;
  }

  byAddress(request: FastifyRequest, reply: FastifyReply, sensitive: boolean): void {
    const bucket = bucketOf(request.ip);
    const { address, sensitive: guessed } = this.tiers;
    this.count(request, reply, sensitive ? [address, guessed] : [address], bucket, bucket);
  }

  anonymous(request: FastifyRequest, reply: FastifyReply): void {
    const bucket = bucketOf(request.ip);
    this.count(request, reply, [this.tiers.anonymous], bucket, bucket);
  }

  byPrincipal(request: FastifyRequest, reply: FastifyReply, { subject, credentialId, limit }: Principal): void {
    const tiers = [this.tiers.principal];
    if (limit) {
      const own = this.keys.get(credentialId) ?? new Tier('key', limit);
      this.keys.set(credentialId, own);
      tiers.push(own);
    }
    this.count(request, reply, tiers, subject, credentialId);
  }

  private count(
    request: FastifyRequest,
    reply: FastifyReply,
    tiers: readonly Tier[],
    first: string,
    second: string,
  ): void {
    const now = performance.now();
    const counters = tiers.map((tier, i) => tier.counter(i === 0 ? first : second, now));
    let wait = 0;
    for (let i = 0; i < tiers.length; i++) {
      const [tier, counter] = [tiers[i] as Tier, counters[i] as { count: number; until: number }];
      if (counter.count >= tier.limit.max) wait = Math.max(wait, counter.until - now);
    }
    if (wait === 0) for (const counter of counters) counter.count += 1;
    this.tell(request, reply, tiers, counters, now);
    if (wait > 0) throw new Refusal('rate_limited', { retryAfter: Math.ceil(wait / 1000) });
  }

  private tell(
    request: FastifyRequest,
    reply: FastifyReply,
    tiers: readonly Tier[],
    counters: readonly { count: number; until: number }[],
    now: number,
  ): void {
    const said = tiers.map(({ name, limit }, i) => {
      const { count, until } = counters[i] as { count: number; until: number };
      return `"${name}";r=${limit.max - count};t=${Math.ceil((until - now) / 1000)}`;
    });
    const policy = tiers.map((tier) => tier.policy).join(', ');
    const before = reply.getHeader('ratelimit-policy');
    request.counted = request.counted === '' ? said.join(', ') : `${request.counted}, ${said.join(', ')}`;
    void reply.header('ratelimit-policy', before === undefined ? policy : `${String(before)}, ${policy}`);
    void reply.header('ratelimit', request.counted);
  }
}

/** IPv6 by its /64. */
function bucketOf(ip: string): string {
  if (isIPv4(ip)) return ip;
  if (ip.startsWith('::ffff:')) return ip.slice(7);
  return ip.split(':', 4).join(':');
}
