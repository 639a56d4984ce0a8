import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The answer to a request that may be repeated, kept as long as a client may repeat it. */
@Entity('idempotency_keys')
@Index('idempotency_keys_by_expiry', ['expiresAt'])
export class IdempotencyKey {
  @ForeignKey('subjects', { name: 'idempotency_keys_subject', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid')
  subject: string;

  @PrimaryColumn('text')
  route: string;

  @PrimaryColumn('text')
  key: string;

  @Column('bytea', { name: 'body_hash' })
  bodyHash: Buffer;

  @Column('smallint')
  status: number;

  @Column('json')
  headers: Record<string, string>;

  @Column('json')
  body: unknown;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
