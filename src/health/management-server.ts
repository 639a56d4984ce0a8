import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import fastify, { type FastifyInstance } from 'fastify';
import { DataSource } from 'typeorm';
import { httpConfig } from '../config/http.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { withinRequestTime } from '../database/time-limits.js';
import { clientTimeouts } from '../security/client-timeouts.js';
import { CounterStorage } from '../security/counter-storage.js';
import { RevocationFeed } from '../security/revocation-feed.js';

/** What an operator may know and a client may not. */
interface Details {
  /** Degraded: everything is answered, at a higher price or with less knowledge. */
  readonly status: 'ok' | 'degraded' | 'unavailable';
  readonly database: { readonly reachable: boolean; readonly milliseconds: number };
  readonly revocationFeed: { readonly live: boolean; readonly silentMilliseconds: number | null };
  readonly rateLimits: CounterStorage['standing'];
  readonly uptimeSeconds: number;
}

/** The details of health on a port of their own, on loopback unless told otherwise; off without `MANAGEMENT_PORT`. */
@Injectable()
export class ManagementServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private server: FastifyInstance | undefined;

  constructor(
    @Inject(httpConfig.KEY) private readonly http: ConfigOf<typeof httpConfig>,
    private readonly dataSource: DataSource,
    private readonly feed: RevocationFeed,
    private readonly counters: CounterStorage,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { managementHost: host, managementPort: port } = this.http;
    if (port === undefined) return;
    this.server = fastify({ ...clientTimeouts(this.http.keepAliveSeconds), forceCloseConnections: true });
    this.server.get('/health', async (_request, reply) => {
      const details = await this.details();
      return reply
        .code(details.status === 'unavailable' ? 503 : 200)
        .header('cache-control', 'no-store')
        .send(details);
    });
    await this.server.listen({ host, port });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.server?.close();
  }

  private async details(): Promise<Details> {
    const startedAt = performance.now();
    const reachable = await withinRequestTime(() => this.dataSource.query('SELECT 1')).then(
      () => true,
      () => false,
    );
    const live = this.feed.isLive();
    const rateLimits = this.counters.standing;
    return {
      status: reachable ? (live && rateLimits.counting === rateLimits.store ? 'ok' : 'degraded') : 'unavailable',
      database: { reachable, milliseconds: Math.round(performance.now() - startedAt) },
      revocationFeed: { live, silentMilliseconds: this.feed.silentMs() },
      rateLimits,
      uptimeSeconds: Math.round(process.uptime()),
    };
  }
}
