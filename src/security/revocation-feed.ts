import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import pg from 'pg';
import { databaseConfig } from '../config/database.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { isDirect } from './direct-connection.js';

export const REVOCATION_CHANNEL = 'rampart_revoked';
const BEAT_MS = 250;
const SILENCE_MS = 750;
const RECONNECT_MS = 250;
const CONNECT_TIMEOUT_MS = 2000;
/** Longer than any transaction may last: a row becomes visible at commit but carries the time of its insert. */
const REPLAY_SECONDS = 900;

/**
 * Hears within milliseconds what any instance revokes, over LISTEN/NOTIFY on a connection of its own.
 * A frozen backend gives no error, so the feed sends itself a heartbeat; after 750 ms without one memory is not trusted
 * and callers ask the database. What was missed is replayed from the table before memory is trusted again.
 */
@Injectable()
export class RevocationFeed implements OnModuleInit, OnApplicationShutdown {
  /** Grows with everything revoked. */
  position = 0;
  private readonly logger = new Logger(RevocationFeed.name);
  private readonly listeners: ((id: string) => void)[] = [];
  private readonly gapListeners: (() => void)[] = [];
  private readonly heartbeatChannel = `rampart_beat_${randomUUID().replaceAll('-', '')}`;
  private client: pg.Client | undefined;
  private heardAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private asking: Promise<unknown> | undefined;
  private stopped = false;

  constructor(@Inject(databaseConfig.KEY) private readonly database: ConfigOf<typeof databaseConfig>) {}

  /** Whether memory may be trusted: the feed spoke within the last 750 ms of monotonic time. */
  isLive(): boolean {
    return performance.now() - this.heardAt <= SILENCE_MS;
  }

  /** Milliseconds since the feed was last heard, for those who look after it; null before the first time. */
  silentMs(): number | null {
    return Number.isFinite(this.heardAt) ? Math.round(performance.now() - this.heardAt) : null;
  }

  onRevoked(listener: (id: string) => void): void {
    this.listeners.push(listener);
  }

  /** Called when more was missed than the replay covers: forget everything. */
  onGap(listener: () => void): void {
    this.gapListeners.push(listener);
  }

  /** Forgets one user, session or key in this process. */
  apply(id: string): void {
    this.position += 1;
    for (const listener of this.listeners) listener(id);
  }

  /** Does not fail without a database: the process then starts distrusting its memory, and heals by itself. */
  async onModuleInit(): Promise<void> {
    await this.connect();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    // Not awaited: a frozen backend would keep the process.
    this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({
      ...(this.database.feed ?? this.database.connection),
      application_name: 'rampart-feed',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: CONNECT_TIMEOUT_MS,
    });
    this.client = client;
    this.asking = undefined;
    client.on('error', () => this.reconnect(client));
    client.on('end', () => this.reconnect(client));
    client.on('notification', ({ channel, payload }) => this.heard(client, channel, payload));
    try {
      await client.connect();
      // Looked at each time: what the name of the host means may have changed since the start.
      if (!(await isDirect(client))) throw Object.assign(new Error('a pooler is between'), { code: 'POOLED' });
      // Losing heartbeats in a crash is harmless, so they do not wait for the disk.
      await client.query(`SET synchronous_commit = off; LISTEN ${REVOCATION_CHANNEL}; LISTEN ${this.heartbeatChannel}`);
      await this.replay(client);
      this.heardAt = performance.now();
      this.beat(client);
    } catch (error) {
      this.logger.warn(`the revocation feed cannot connect (${(error as { code?: string }).code ?? 'no code'})`);
      this.reconnect(client);
    }
  }

  /** Everything of the last minutes, because ids commit out of order; forgetting twice is harmless. */
  private async replay(client: pg.Client): Promise<void> {
    const silentSeconds = (performance.now() - this.heardAt) / 1000;
    if (silentSeconds > REPLAY_SECONDS / 2) for (const listener of this.gapListeners) listener();
    const { rows } = await client.query<{ subject: string }>(
      `SELECT subject FROM revocations WHERE created_at > now() - make_interval(secs => $1)`,
      [REPLAY_SECONDS],
    );
    for (const { subject } of rows) this.apply(subject);
  }

  private heard(client: pg.Client, channel: string, payload: string | undefined): void {
    if (client !== this.client) return;
    if (channel === REVOCATION_CHANNEL && payload) this.apply(payload);
    else if (channel === this.heartbeatChannel) this.heardAt = performance.now();
  }

  private beat(client: pg.Client): void {
    if (this.stopped || client !== this.client) return;
    if (!this.isLive()) {
      this.logger.warn('the revocation feed is silent: asking the database until it is back');
      this.reconnect(client);
      return;
    }
    // One at a time: pg deprecates a second question to a connection that has not answered the first.
    this.asking ??= client
      .query(`SELECT pg_notify($1, '')`, [this.heartbeatChannel])
      .catch(() => undefined)
      .finally(() => client === this.client && (this.asking = undefined));
    this.timer = setTimeout(() => this.beat(client), BEAT_MS).unref();
  }

  private reconnect(client: pg.Client): void {
    if (this.stopped || client !== this.client) return;
    this.client = undefined;
    this.heardAt = Math.min(this.heardAt, performance.now() - SILENCE_MS - 1);
    clearTimeout(this.timer);
    // A frozen backend would never answer a polite goodbye.
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    this.timer = setTimeout(() => void this.connect(), RECONNECT_MS).unref();
  }
}
