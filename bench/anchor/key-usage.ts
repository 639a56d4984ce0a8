import type { Pool } from 'pg';

const FLUSH_MS = 10_000;
let used = new Map<string, number>();

export function noteUse(keyId: string): void {
  used.set(keyId, Date.now());
}

/** Writes when keys were last used, a batch at a time: no request waits for it. */
export function writeKeyUsage(pool: Pool): void {
  setInterval(() => {
    if (used.size === 0) return;
    const [ids, times] = [[...used.keys()], [...used.values()].map((at) => new Date(at))];
    used = new Map();
    pool
      .query(
        `UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, u.at)
         FROM unnest($1::uuid[], $2::timestamptz[]) AS u (id, at) WHERE k.id = u.id`,
        [ids, times],
      )
      .catch(() => undefined);
  }, FLUSH_MS).unref();
}
