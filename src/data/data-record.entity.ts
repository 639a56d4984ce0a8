import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

export const classifications = ['public', 'internal', 'confidential', 'restricted'] as const;
export type Classification = (typeof classifications)[number];

/** A document of its owner. `json`, not `jsonb`: what was stored comes back, member order included. */
@Entity('records')
@Check('records_classification', `classification IN ('public', 'internal', 'confidential', 'restricted')`)
@Check('records_name', 'char_length(name) BETWEEN 1 AND 200')
@Check(
  'records_tags',
  `cardinality(tags) <= 20 AND array_position(tags, '') IS NULL AND array_position(tags, NULL) IS NULL`,
)
@Check('records_version', 'version > 0')
@Index('records_by_creation', ['ownerId', 'createdAt', 'id'], { where: 'deleted_at IS NULL' })
@Index('records_by_update', ['ownerId', 'updatedAt', 'id'], { where: 'deleted_at IS NULL' })
@Index('records_by_name', ['ownerId', 'name', 'id'], { where: 'deleted_at IS NULL' })
@Index('records_deleted_by_creation', ['ownerId', 'createdAt', 'id'], { where: 'deleted_at IS NOT NULL' })
@Index('records_deleted_by_update', ['ownerId', 'updatedAt', 'id'], { where: 'deleted_at IS NOT NULL' })
@Index('records_deleted_by_name', ['ownerId', 'name', 'id'], { where: 'deleted_at IS NOT NULL' })
@Index('records_by_owner', ['ownerId', 'id'])
@Index('records_due_for_purge', ['deletedAt'], { where: 'deleted_at IS NOT NULL' })
export class DataRecord {
  @PrimaryColumn('uuid')
  id: string;

  @ForeignKey('subjects', { name: 'records_owner', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'owner_id' })
  ownerId: string;

  /** Byte order (`C`), the same on every server: a cursor must mean the same place everywhere. */
  @Column({ type: 'text', collation: 'C' })
  name: string;

  @Column('text')
  classification: Classification;

  @Column('json')
  content: unknown;

  @Column('text', { array: true, default: '{}' })
  tags: string[];

  @Column('integer', { default: 1 })
  version: number;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3, default: () => 'now()' })
  updatedAt: Date;

  @Column({ type: 'timestamptz', name: 'deleted_at', precision: 3, nullable: true })
  deletedAt: Date | null;
}
