import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, createWriteStream, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { startCluster } from '../../scripts/lib/embedded-postgres.mjs';
import { findPlace, type Place } from '../../scripts/lib/postgres-place.mjs';
import { migrate } from './migrate.js';
import { makeState, removeState } from './start.js';

/** As durable as a server whose machine never loses power: what is acknowledged survives the death of every process. */
const DURABLE = { fsync: 'off', synchronous_commit: 'on', max_connections: '100' };

const POLL_MS = 25;

type Server = Awaited<ReturnType<typeof startCluster>>;

export interface ClusterOptions {
  /** Parameters of the server besides those of a test. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The size of a disk of its own, which can be filled: needs `whyNoDisk()` to be null. */
  readonly diskMegabytes?: number;
}

/** A PostgreSQL of one test's own, to which everything may happen that happens to servers. Signals reach all of its processes. */
export class Cluster {
  private server: Server | undefined;
  private ended = false;

  private constructor(
    private readonly state: string,
    private readonly place: Place,
    private readonly disk: string | null,
    private readonly settings: Record<string, string>,
  ) {}

  /** Makes and starts one; `remove()` ends it in whatever state it is. */
  static async start({ settings = {}, diskMegabytes }: ClusterOptions = {}): Promise<Cluster> {
    const state = makeState();
    const place = findPlace(state);
    const disk = diskMegabytes ? mountDisk(place, diskMegabytes) : null;
    const cluster = new Cluster(state, disk ? { ...place, base: disk } : place, disk, { ...DURABLE, ...settings });
    await cluster.open();
    return cluster;
  }

  /** Of the superuser; a port and passwords of their own stay the same over all of its ends. */
  get adminUrl(): string {
    return this.running.adminUrl;
  }

  /** Makes a database with the schema of this build, unless it shall be empty, and returns the URL of its ordinary owner. */
  async database(name: string, { empty = false } = {}): Promise<string> {
    const url = await this.running.urlOf(name);
    if (!empty) await migrate(url);
    return url;
  }

  /** Starts the server after its end, on the port it had; resolves when it lets clients in. */
  async open(): Promise<void> {
    const { signal } = new AbortController();
    const server = await startCluster(this.place, 'cluster', { signal, settings: this.settings });
    this.server = server;
    this.ended = false;
    void server.exited.then(() => (this.ended = true));
  }

  /** Waits until the server lets clients in again after it was in trouble, and starts it where it has ended. */
  async reopen(): Promise<void> {
    for (;;) {
      const client = new pg.Client({ connectionString: this.adminUrl });
      const reached = await client.connect().then(
        () => true,
        () => false,
      );
      if (reached) return client.end();
      if (this.ended) return this.open();
      await wait(POLL_MS);
    }
  }

  /** Ends the server as an administrator would: clients are told, and hung up on. */
  async close(): Promise<void> {
    await this.running.stop();
  }

  /** Kills every process of the server at once. */
  async kill(): Promise<void> {
    this.freeze();
    for (const pid of this.pids()) send(pid, 'SIGKILL');
    await this.running.exited;
  }

  /** Kills what serves the clients: the postmaster ends the rest, recovers and lets clients in again by itself. */
  killBackends(): void {
    for (const pid of childrenOf(this.running.pid)) send(pid, 'SIGKILL');
  }

  /** Stops every process of the server: to its clients it neither answers nor hangs up, and its port still accepts them. */
  freeze(): void {
    // The postmaster first: it would go on making backends.
    for (const pid of this.pids()) send(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.pids().toReversed()) send(pid, 'SIGCONT');
  }

  /** Leaves no byte on its disk. */
  async fill(): Promise<void> {
    const { bavail, bsize } = statfsSync(this.ownDisk);
    const ballast = createWriteStream(this.ballast);
    ballast.on('error', () => undefined);
    for (let left = bavail; left > 0; left -= 256) ballast.write(Buffer.alloc(bsize * Math.min(left, 256)));
    ballast.end();
    await once(ballast, 'close');
  }

  /** Gives back what `fill()` took. */
  free(): void {
    rmSync(this.ballast, { force: true });
  }

  /** Ends it and leaves nothing behind. */
  async remove(): Promise<void> {
    if (this.server && !this.ended) await this.kill();
    if (this.disk) execFileSync('umount', [this.disk]);
    removeState(this.state);
  }

  private get running(): Server {
    if (!this.server) throw new Error('the cluster was never started');
    return this.server;
  }

  private get ownDisk(): string {
    if (!this.disk) throw new Error('the cluster has no disk of its own');
    return this.disk;
  }

  private get ballast(): string {
    return join(this.ownDisk, 'ballast');
  }

  private pids(): number[] {
    const { pid } = this.running;
    return [pid, ...childrenOf(pid)];
  }
}

/** Why there can be no disk of its own here, or null. */
export function whyNoDisk(): string | null {
  if (process.platform !== 'linux') return 'only Linux has a file system in memory that is mounted by one command';
  return process.getuid?.() === 0 ? null : 'only root may mount a file system';
}

function mountDisk({ base, owner }: Place, megabytes: number): string {
  const disk = join(base, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', disk]);
  if (owner) chownSync(disk, owner.uid, owner.gid);
  return disk;
}

function childrenOf(parent: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid] : []));
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It was quicker to end by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
