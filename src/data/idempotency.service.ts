import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { tryLock } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { parseIdempotencyKey } from '../security/idempotency-key.js';
import type { Caller } from '../security/principal.js';
import { IdempotencyKey } from './idempotency-key.entity.js';

const KEEP_MS = 86_400_000;

/** An answer that can be given again. */
export interface Answer<T> {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: T;
}

/** Makes a POST repeatable: the same key and body get the same answer, stored in the transaction of what it created. */
@Injectable()
export class IdempotencyService {
  /**
   * Runs the work once for a key of this principal and route. Throws 400 for a malformed key, 422 for another body,
   * 409 `idempotency_in_flight` while the first request runs. Nothing is kept when the work throws.
   */
  async once<T>(
    manager: EntityManager,
    caller: Caller,
    { route, header, input }: { route: string; header: string | undefined; input: unknown },
    work: () => Promise<Answer<T>>,
  ): Promise<Answer<T>> {
    if (header === undefined) return work();
    const key = parseIdempotencyKey(header);
    if (key === null) throw new Problem('idempotency_key_invalid');
    const { subject } = caller;
    const free = await tryLock(manager, JSON.stringify(['idempotency', subject, route, key]));
    if (!free) throw new Problem('idempotency_in_flight', { headers: { 'retry-after': '1' } });
    const bodyHash = createHash('sha256').update(JSON.stringify(input)).digest();
    const kept = await manager.findOneBy(IdempotencyKey, { subject, route, key });
    if (kept && kept.expiresAt.getTime() > Date.now()) {
      if (!kept.bodyHash.equals(bodyHash)) throw new Problem('idempotency_key_reused');
      return { status: kept.status, headers: kept.headers, body: kept.body as T };
    }
    const answer = await work();
    const expiresAt = new Date(Date.now() + KEEP_MS);
    await manager.upsert(
      IdempotencyKey,
      {
        subject,
        route,
        key,
        bodyHash,
        status: answer.status,
        headers: answer.headers,
        body: answer.body as object,
        expiresAt,
      },
      ['subject', 'route', 'key'],
    );
    return answer;
  }
}
