import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A code for who has lost their second factor. It goes when it is used. */
@Entity('recovery_codes')
@Check('recovery_codes_hash', 'octet_length(hash) = 32')
@Index('recovery_codes_by_user', ['userId'])
export class RecoveryCode {
  @PrimaryColumn('bytea')
  hash: Buffer;

  @ForeignKey('users', { name: 'recovery_codes_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;
}
