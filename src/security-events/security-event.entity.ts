import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** What an owner of an account has to know: each is a row here and a mail. */
export const securityEventKinds = [
  'session.new_device',
  'session.reuse_detected',
  'key.created',
  'key.rotated',
  'email.changed',
  'password.changed',
  'password.reset',
  'mfa.totp_enabled',
  'mfa.totp_disabled',
  'mfa.recovery_codes_created',
  'mfa.recovery_code_used',
  'mfa.reset',
  'passkey.created',
  'passkey.deleted',
  'outside_account.linked',
  'outside_account.unlinked',
] as const;
export type SecurityEventKind = (typeof securityEventKinds)[number];

@Entity('security_events')
@Index('security_events_by_user', ['userId', 'at', 'id'])
@Index('security_events_by_time', ['at'])
export class SecurityEvent {
  @PrimaryColumn('uuid')
  id: string;

  @ForeignKey('users', { name: 'security_events_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId: string;

  @Column('text')
  kind: SecurityEventKind;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  at: Date;

  /** Where it was done from, as far as that is known: the client as it names itself, and its network. */
  @Column('text', { name: 'user_agent', nullable: true })
  userAgent: string | null;

  @Column('text', { nullable: true })
  network: string | null;
}
