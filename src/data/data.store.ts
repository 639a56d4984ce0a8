import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { inserting } from '../database/insert.js';
import { DataRecord } from './data-record.entity.js';

type Values = Partial<Omit<DataRecord, 'id' | 'ownerId'>>;

/** Writes records with their content as JSON text: TypeORM would take JSON `null`, which is a value, for SQL NULL. */
@Injectable()
export class DataStore {
  async insert(manager: EntityManager, { content, ...values }: DataRecord): Promise<void> {
    await inserting(manager, DataRecord, { ...values, content: () => 'CAST(:content AS json)' })
      .setParameter('content', JSON.stringify(content))
      .execute();
  }

  /** Changes the owner's row; the caller holds its lock. */
  async update(manager: EntityManager, { id, ownerId }: DataRecord, changes: Values): Promise<void> {
    const { content, ...values } = changes;
    const set = 'content' in changes ? { ...values, content: () => 'CAST(:content AS json)' } : values;
    await manager
      .createQueryBuilder()
      .update(DataRecord)
      .set(set)
      .where('id = :id AND owner_id = :ownerId', { id, ownerId, content: JSON.stringify(content) })
      .execute();
  }
}
