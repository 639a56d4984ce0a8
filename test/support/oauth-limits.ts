import type { TestApp } from './app.js';
import { startOAuth } from './code-flow.js';
import { type Call, callerOf } from './http.js';
import { startInstance } from './process.js';

/** An instance with low limits, and one without on the same database to make what is needed. */
export interface Limited {
  readonly app: TestApp;
  /** An address that nobody has used. */
  address(): string;
  /** Calls the limited instance from an address. */
  from(address: string): Call;
  stop(): Promise<void>;
}

/** Limits a minute, by tier. */
export async function startLimited(limits: Readonly<Record<string, number>>): Promise<Limited> {
  const app = await startOAuth();
  const tiers = Object.entries(limits).map(([tier, count]) => [`RATE_LIMIT_${tier.toUpperCase()}`, `${count}/minute`]);
  const instance = await startInstance({
    ...app.settings,
    PORT: '0',
    TRUSTED_PROXIES: '127.0.0.1',
    ...(Object.fromEntries(tiers) as Record<string, string>),
  });
  const call = callerOf(instance.url);
  let addresses = 0;
  return {
    app,
    address: () => `198.51.${Math.floor((addresses += 1) / 250)}.${(addresses % 250) + 1}`,
    from:
      (address) =>
      (method, path, { headers, ...options } = {}) =>
        call(method, path, { ...options, headers: { ...headers, 'x-forwarded-for': address } }),
    async stop() {
      await instance.stop();
      await app.stop();
    },
  };
}
