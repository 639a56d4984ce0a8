import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * A mail that is to be sent, or was in the last hour. It holds what the text will be made of, never the text: a secret in it is made
 * when it is sent, and is nowhere before.
 */
@Entity('outgoing_mails')
@Index('outgoing_mails_due', ['dueAt'], { where: 'sent_at IS NULL' })
@Index('outgoing_mails_sent', ['userId', 'kind', 'sentAt'])
@Index('outgoing_mails_by_expiry', ['expiresAt'])
@Check('outgoing_mails_uncertain', 'uncertain BETWEEN 0 AND 2')
export class OutgoingMail {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  kind: string;

  /** Whom it is about; null until it is known whose address it is. */
  @ForeignKey('users', { name: 'outgoing_mails_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id', nullable: true })
  userId: string | null;

  @Column('json')
  payload: Record<string, string>;

  @Column('smallint', { default: 0 })
  attempts: number;

  /** Attempts of which nobody knows whether the mail arrived: after two it is left, for there may be one duplicate and no more. */
  @Column('smallint', { default: 0 })
  uncertain: number;

  @Column({ type: 'timestamptz', name: 'due_at', precision: 3, default: () => 'now()' })
  dueAt: Date;

  /** When it is of no use any more, and later when it can be forgotten that it was sent. */
  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;

  @Column({ type: 'timestamptz', name: 'sent_at', precision: 3, nullable: true })
  sentAt: Date | null;
}
