import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { freePort } from '../../scripts/lib/network.mjs';

/** A real Redis server of one test file's own, that can be taken away in every way. */
export class RedisServer {
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly settings: readonly string[],
  ) {}

  /** Settings as on the command line, such as `['--requirepass', 'x']`. */
  static async start(settings: readonly string[] = [], port?: number): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'redis-'));
    const server = new RedisServer(port ?? (await freePort()), folder, settings);
    await server.up();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again on the same port, empty. */
  async up(): Promise<void> {
    const plain = this.settings.includes('--port') ? [] : ['--port', String(this.port)];
    const args = [...plain, '--bind', '127.0.0.1', '--dir', this.folder, '--save', '', ...this.settings];
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child = child;
    let said = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      said += String(chunk);
      if (!said.includes('Ready to accept connections')) continue;
      child.stdout.resume();
      return;
    }
    throw new Error(`redis-server ended: ${said}`);
  }

  /** The process dies or freezes as PostgreSQL and Redis do in bad nights. */
  async signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = name === 'SIGKILL' || name === 'SIGTERM' ? once(child, 'exit') : undefined;
    child.kill(name);
    await ended;
  }

  /** One command on a connection of the test's own. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  async stop(): Promise<void> {
    await this.signal('SIGCONT');
    await this.signal('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}
