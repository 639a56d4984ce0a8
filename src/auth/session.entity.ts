import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { AssuranceLevel } from '../security/step-up.js';

/** A person signed in somewhere: one family of refresh tokens. */
@Entity('sessions')
@Check('sessions_acr', `acr IN ('aal1', 'aal2')`)
@Index('sessions_by_user', ['userId', 'createdAt'])
@Index('sessions_by_network', ['userId', 'network'])
@Index('sessions_by_expiry', ['idleExpiresAt'])
export class Session {
  @PrimaryColumn('uuid')
  id: string;

  @ForeignKey('users', { name: 'sessions_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId: string;

  @Column('text', { name: 'client_id' })
  clientId: string;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent: string | null;

  /** The network of the address at login, not the address: enough to recognise a place. */
  @Column('text')
  network: string;

  /** How strong the login was. */
  @Column('text', { default: 'aal1' })
  acr: AssuranceLevel;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, default: () => 'now()' })
  lastUsedAt: Date;

  @Column({ type: 'timestamptz', name: 'idle_expires_at', precision: 3 })
  idleExpiresAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;

  @Column({ type: 'timestamptz', name: 'ended_at', precision: 3, nullable: true })
  endedAt: Date | null;
}
