import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

export type EmailTokenPurpose = 'verify_email' | 'change_email' | 'reset_password';

/** A single-use link in a mail, known here by its hash alone. It stays until it expires, so that its mail may be written again. */
@Entity('email_tokens')
@Check('email_tokens_hash', 'octet_length(hash) = 32')
@Check('email_tokens_purpose', `purpose IN ('verify_email', 'change_email', 'reset_password')`)
@Index('email_tokens_by_user', ['userId', 'purpose', 'mailId'])
@Index('email_tokens_by_expiry', ['expiresAt'])
export class EmailToken {
  @PrimaryColumn('bytea')
  hash: Buffer;

  @Column('uuid', { name: 'mail_id' })
  mailId: string;

  @ForeignKey('users', { name: 'email_tokens_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId: string;

  @Column('text')
  purpose: EmailTokenPurpose;

  /** The address it went to, as it was then. */
  @Column('text')
  email: string;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;

  /** When it was used, or a later mail took its place. */
  @Column({ type: 'timestamptz', name: 'used_at', precision: 3, nullable: true })
  usedAt: Date | null;
}
