import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** What an answer is awaited to: a second factor, a new password, a signature of a passkey. */
export type ChallengePurpose = 'second_factor' | 'new_password' | 'passkey_registration' | 'passkey_assertion';

/** A question that is answered once, known here by its hash alone. */
@Entity('challenges')
@Check('challenges_hash', 'octet_length(hash) = 32')
@Index('challenges_by_user', ['userId'])
@Index('challenges_by_expiry', ['expiresAt'])
export class Challenge {
  @PrimaryColumn('bytea')
  hash: Buffer;

  @Column('text')
  purpose: ChallengePurpose;

  /** Whose answer is awaited; null where the answer will say who it is. */
  @ForeignKey('users', { name: 'challenges_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id', nullable: true })
  userId: string | null;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
