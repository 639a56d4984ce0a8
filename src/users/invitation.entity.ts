import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A single-use link, known here by its hash alone. */
@Entity('invitations')
@Check('invitations_hash', 'octet_length(token_hash) = 32')
@Index('invitations_by_user', ['userId'])
@Index('invitations_by_expiry', ['expiresAt'])
export class Invitation {
  @PrimaryColumn('bytea', { name: 'token_hash' })
  tokenHash: Buffer;

  @ForeignKey('users', { name: 'invitations_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId: string;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
