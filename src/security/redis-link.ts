import type { RedisConnection } from '../config/redis.js';

const BEAT_MS = 250;
const SILENCE_MS = 1000;
const RECONNECT_MS = 250;
const CONNECT_TIMEOUT_MS = 2000;

type Client = Awaited<ReturnType<typeof clientFor>>;

/**
 * A connection that knows within 1.25 seconds whether Redis answers, and comes back by itself. The client's own timeouts end when a
 * command is written, and a frozen server gives no error: only a heartbeat shows it.
 */
export class RedisLink {
  private client: Client | undefined;
  private up = false;
  private heardAt = 0;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly listeners: ((up: boolean) => void)[] = [];

  constructor(private readonly connection: RedisConnection) {}

  isUp(): boolean {
    return this.up;
  }

  onChange(listener: (up: boolean) => void): void {
    this.listeners.push(listener);
  }

  /** Sends one command. Rejects with what Redis answered, or when the link is lost. */
  send(command: readonly string[]): Promise<unknown> {
    return this.client?.sendCommand(command) ?? Promise.reject(new Error('no connection to Redis'));
  }

  /** Connects, and resolves when that has worked or failed once; it is tried again until `close()`. */
  async open(): Promise<void> {
    const client = await clientFor(this.connection);
    if (this.closed) return;
    this.client = client;
    this.heardAt = performance.now();
    // Every fault ends here, also one in the middle of a handshake; what it was is not for a log, it may repeat settings.
    client.on('error', () => this.lose(client));
    // The client waits without limit for a server that accepts a connection and then says nothing.
    this.timer = setTimeout(() => this.lose(client), CONNECT_TIMEOUT_MS).unref();
    await client.connect().then(
      () => this.ready(client),
      () => this.lose(client),
    );
  }

  close(): void {
    this.closed = true;
    this.drop();
  }

  private ready(client: Client): void {
    if (client !== this.client) return;
    clearTimeout(this.timer);
    this.heardAt = performance.now();
    this.change(true);
    this.beat(client);
  }

  private beat(client: Client): void {
    if (client !== this.client) return;
    client.sendCommand(['PING']).then(
      () => (this.heardAt = performance.now()),
      () => this.lose(client),
    );
    // After the answers that wait to be read: a busy event loop must not pass for a silent server.
    this.timer = setTimeout(() => setImmediate(() => this.judge(client)), BEAT_MS).unref();
  }

  private judge(client: Client): void {
    if (client !== this.client) return;
    if (performance.now() - this.heardAt > SILENCE_MS) this.lose(client);
    else this.beat(client);
  }

  private lose(client: Client): void {
    if (client !== this.client) return;
    this.drop();
    if (this.closed) return;
    this.timer = setTimeout(() => void this.open(), RECONNECT_MS).unref();
  }

  private drop(): void {
    const { client } = this;
    this.client = undefined;
    clearTimeout(this.timer);
    this.change(false);
    // Rejects whatever still waits for an answer.
    if (client?.isOpen) client.destroy();
  }

  private change(up: boolean): void {
    if (up === this.up) return;
    this.up = up;
    if (!this.closed) for (const listener of this.listeners) listener(up);
  }
}

async function clientFor({ host, port, username, password, database, tls }: RedisConnection) {
  // Where it is used: nearly five hundred modules that an instance without Redis need not load.
  const { createClient } = await import('@redis/client');
  const socket = { host, port, connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false as const };
  return createClient({
    username,
    password,
    database,
    disableOfflineQueue: true,
    // The heartbeat ends what is not answered; a timer, a signal and an exception for each command would cost half of it.
    commandOptions: { timeout: 0 },
    name: 'rampart',
    socket: tls ? { ...socket, tls: true, ca: tls.ca } : socket,
  });
}
