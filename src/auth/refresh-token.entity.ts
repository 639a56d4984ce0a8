import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** One token of a family, by its hash. The constraints allow one successor a token and one live token a session. */
@Entity('refresh_tokens')
@Unique('refresh_tokens_one_successor', ['parentHash'])
@Check('refresh_tokens_hash', 'octet_length(hash) = 32 AND octet_length(parent_hash) = 32')
@Index('refresh_tokens_one_live', ['sessionId'], { unique: true, where: 'used_at IS NULL' })
@Index('refresh_tokens_by_session', ['sessionId'])
@Index('refresh_tokens_sealed', ['usedAt'], { where: 'successor_sealed IS NOT NULL' })
export class RefreshToken {
  @PrimaryColumn('bytea')
  hash: Buffer;

  @ForeignKey('sessions', { name: 'refresh_tokens_session', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'session_id' })
  sessionId: string;

  @Column('bytea', { name: 'parent_hash', nullable: true })
  parentHash: Buffer | null;

  @Column({ type: 'timestamptz', name: 'used_at', precision: 3, nullable: true })
  usedAt: Date | null;

  /** The successor, for those who still hold this token: sealed under a key that only this token yields. */
  @Column('bytea', { name: 'successor_sealed', nullable: true })
  successorSealed: Buffer | null;
}
