import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, IsNull, Not } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { HotReads, type RecordText } from '../database/hot-reads.js';
import { inTransaction } from '../database/transaction.js';
import { invalidInput, Problem } from '../errors/problem.js';
import { formatEtag, ifMatch } from '../security/etag.js';
import type { Caller } from '../security/principal.js';
import { insufficientScope } from '../security/scopes.guard.js';
import { DataRecord } from './data-record.entity.js';
import { type CreateRecord, isContent, RecordView, type UpdateRecord } from './data.dto.js';
import { DataStore } from './data.store.js';
import { type Answer, IdempotencyService } from './idempotency.service.js';
import { applyMergePatch } from './merge-patch.js';

const RESTRICTED = 'data:restricted';

/** The records of their owner. Another's record does not exist, and a restricted one only for who may see it. */
@Injectable()
export class DataService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly reads: HotReads,
    private readonly audit: AuditService,
    private readonly idempotency: IdempotencyService,
    private readonly store: DataStore,
  ) {}

  /** Throws 403 for a restricted record without the scope, and what an Idempotency-Key may refuse. */
  create(owner: Caller, input: CreateRecord, idempotencyKey: string | undefined): Promise<Answer<RecordView>> {
    requireClassification(owner, input.classification);
    return inTransaction(this.dataSource, (manager) =>
      this.idempotency.once(manager, owner, { route: 'POST /data', header: idempotencyKey, input }, async () => {
        const { name, classification, content, tags = [] } = input;
        const now = new Date();
        const times = { createdAt: now, updatedAt: now, deletedAt: null };
        const record = {
          id: uuid(),
          ownerId: owner.subject,
          name,
          classification,
          content,
          tags,
          version: 1,
          ...times,
        };
        await this.store.insert(manager, record);
        await this.audit.record(manager, owner, 'record.created', record.id, { classification });
        const headers = { etag: formatEtag(1), location: `/api/v1/data/${record.id}` };
        return { status: 201, headers, body: RecordView.from(record) };
      }),
    );
  }

  /** Throws 404. */
  async getRecord(owner: Caller, id: string): Promise<RecordText> {
    const record = await this.reads.record(owner.subject, id, owner.scopes.has(RESTRICTED));
    if (!record) throw new Problem('not_found');
    return record;
  }

  /** Applies a merge patch. Throws 404, 428, 412, 403, and 400 when the merged content is out of bounds. */
  update(owner: Caller, id: string, patch: UpdateRecord, precondition: string | undefined): Promise<RecordView> {
    return inTransaction(this.dataSource, async (manager) => {
      const record = await this.lockRecord(manager, owner, id);
      requireMatch(precondition, record);
      const fields = Object.keys(patch).filter((name) => patch[name as keyof UpdateRecord] !== undefined);
      if (fields.length === 0) return RecordView.from(record);
      if (patch.classification) requireClassification(owner, patch.classification);
      const { name = record.name, classification = record.classification } = patch;
      const tags = patch.tags === null ? [] : (patch.tags ?? record.tags);
      const content = patch.content === undefined ? record.content : mergedContent(record.content, patch.content);
      const changed = { name, classification, tags, version: record.version + 1, updatedAt: new Date() };
      await this.store.update(manager, record, { ...changed, ...(patch.content === undefined ? {} : { content }) });
      await this.audit.record(manager, owner, 'record.updated', id, { fields });
      return RecordView.from({ ...record, ...changed, content });
    });
  }

  /** Deletes so that it can be restored. Throws 404, 428, 412. */
  async delete(owner: Caller, id: string, precondition: string | undefined): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const record = await this.lockRecord(manager, owner, id);
      requireMatch(precondition, record);
      const now = new Date();
      await this.store.update(manager, record, { deletedAt: now, updatedAt: now, version: record.version + 1 });
      await this.audit.record(manager, owner, 'record.deleted', id);
    });
  }

  /** Throws 404, and 409 `not_deleted`. */
  restore(owner: Caller, id: string): Promise<RecordView> {
    return inTransaction(this.dataSource, async (manager) => {
      const record = await this.lockRecord(manager, owner, id, true);
      if (record.deletedAt === null) throw new Problem('not_deleted');
      const changed = { deletedAt: null, updatedAt: new Date(), version: record.version + 1 };
      await this.store.update(manager, record, changed);
      await this.audit.record(manager, owner, 'record.restored', id);
      return RecordView.from({ ...record, ...changed });
    });
  }

  private async lockRecord(manager: EntityManager, owner: Caller, id: string, deletedToo = false): Promise<DataRecord> {
    const record = await manager.findOne(DataRecord, {
      where: {
        id,
        ownerId: owner.subject,
        ...(deletedToo ? {} : { deletedAt: IsNull() }),
        ...(owner.scopes.has(RESTRICTED) ? {} : { classification: Not('restricted' as const) }),
      },
      lock: { mode: 'pessimistic_write' },
    });
    if (!record) throw new Problem('not_found');
    return record;
  }
}

function requireClassification(owner: Caller, classification: string): void {
  if (classification === 'restricted' && !owner.scopes.has(RESTRICTED)) throw insufficientScope([RESTRICTED]);
}

/** RFC 9110 section 13.1.1, and RFC 6585 section 3: a change without If-Match would be a blind one. */
function requireMatch(precondition: string | undefined, { version }: DataRecord): void {
  const result = ifMatch(precondition, formatEtag(version));
  if (result === 'absent') throw new Problem('precondition_required');
  if (result === 'mismatch') throw new Problem('precondition_failed');
}

function mergedContent(content: unknown, patch: unknown): unknown {
  const merged = applyMergePatch(content, patch);
  if (isContent(merged)) return merged;
  throw invalidInput([{ pointer: '/content', code: 'content', detail: 'Would become larger or deeper than allowed.' }]);
}
