import pg from 'pg';

const MOST = 50_000;
const RECONNECT_MS = 250;

interface Entry<T> {
  readonly value: T;
  /** Whose end is its end: users, sessions and keys. */
  readonly ids: readonly string[];
  readonly until: number;
}

/** Counts revocations: what was read from the database before one may be what was revoked. */
let position = 0;
let live = false;
const memories = new Set<Memory<unknown>>();

/** What was proved, until it ends by time or is revoked. Bounded: the oldest goes first. */
export class Memory<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private readonly keysOf = new Map<string, Set<string>>();

  constructor() {
    memories.add(this);
  }

  get(key: string): T | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || !live) return undefined;
    if (entry.until > Date.now()) return entry.value;
    this.delete(key);
    return undefined;
  }

  /** Keeps it, unless something was revoked since this ticket. */
  set(key: string, value: T, { ticket, ids, until }: { ticket: number; ids: readonly string[]; until: number }): void {
    if (ticket !== position || !live) return;
    this.delete(key);
    if (this.entries.size >= MOST) this.delete(this.entries.keys().next().value ?? '');
    this.entries.set(key, { value, ids, until });
    for (const id of ids) {
      const keys = this.keysOf.get(id);
      if (keys) keys.add(key);
      else this.keysOf.set(id, new Set([key]));
    }
  }

  forget(id: string): void {
    for (const key of this.keysOf.get(id) ?? []) this.delete(key);
  }

  clear(): void {
    this.entries.clear();
    this.keysOf.clear();
  }

  private delete(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    for (const id of entry.ids) {
      const keys = this.keysOf.get(id);
      if (keys?.delete(key) && keys.size === 0) this.keysOf.delete(id);
    }
  }
}

/** Taken before a credential is read from the database. */
export const ticket = (): number => position;

export function forget(id: string): void {
  position += 1;
  for (const memory of memories) memory.forget(id);
}

/** Hears what any process revokes. Nothing is answered from memory while nobody listens, and nothing from before is. */
export async function listen(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, keepAlive: true, connectionTimeoutMillis: 2000 });
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    live = false;
    position += 1;
    for (const memory of memories) memory.clear();
    client.end().catch(() => undefined);
    setTimeout(() => void listen(connectionString), RECONNECT_MS).unref();
  };
  client.on('error', end);
  client.on('end', end);
  client.on('notification', ({ payload }) => payload && forget(payload));
  try {
    await client.connect();
    await client.query('LISTEN rampart_revoked');
    live = true;
  } catch {
    end();
  }
}
