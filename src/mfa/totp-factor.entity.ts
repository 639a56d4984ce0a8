import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A person's secret for one-time passwords: a factor once a code of it was shown. */
@Entity('totp_factors')
@Index('totp_factors_unconfirmed', ['createdAt'], { where: 'confirmed_at IS NULL' })
export class TotpFactor {
  @ForeignKey('users', { name: 'totp_factors_user', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'user_id' })
  userId: string;

  @Column('bytea', { name: 'sealed_secret' })
  sealedSecret: Buffer;

  /** The latest step of 30 seconds of which a code was accepted: none of it or before is accepted again. As text. */
  @Column('bigint', { name: 'last_step', default: 0 })
  lastStep: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'confirmed_at', precision: 3, nullable: true })
  confirmedAt: Date | null;
}
