import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryColumn,
  Unique,
  UpdateDateColumn,
} from 'typeorm';
import type { Role } from '../security/scopes.js';

export const userStatuses = ['invited', 'active', 'disabled'] as const;
export type UserStatus = (typeof userStatuses)[number];

/** A person. Passwords and sessions are elsewhere, so that no answer made from this row can leak them. */
@Entity('users')
@Unique('users_email_key', ['emailKey'])
@Unique('users_username_key', ['usernameKey'])
@Check('users_username', '(username IS NULL) = (username_key IS NULL)')
@Check('users_roles', `cardinality(roles) > 0 AND roles <@ ARRAY['reader', 'user', 'auditor', 'admin']`)
@Check('users_status', `status IN ('invited', 'active', 'disabled')`)
@Index('users_by_creation', ['createdAt', 'id'])
@Index('users_by_status', ['status', 'createdAt', 'id'])
@Index('users_readers', ['createdAt', 'id'], { where: `roles @> '{reader}'` })
@Index('users_auditors', ['createdAt', 'id'], { where: `roles @> '{auditor}'` })
@Index('users_admins', ['createdAt', 'id'], { where: `roles @> '{admin}'` })
@Index('users_by_gram', { synchronize: false })
@Index('users_due_for_deletion', ['deletionDueAt'], { where: 'deletion_due_at IS NOT NULL' })
export class User {
  /** Triggers make a subject of it, before it is inserted, and remove that after it was deleted. */
  @ForeignKey('subjects', { name: 'users_subject' })
  @PrimaryColumn('uuid')
  id: string;

  /** As the person wrote it. */
  @Column('text')
  email: string;

  /** As two addresses are compared: see `foldText()`. */
  @Column('text', { name: 'email_key' })
  emailKey: string;

  @Column({ type: 'timestamptz', name: 'email_verified_at', precision: 3, nullable: true })
  emailVerifiedAt: Date | null;

  @Column('text', { nullable: true })
  username: string | null;

  @Column('text', { name: 'username_key', nullable: true })
  usernameKey: string | null;

  @Column('text', { name: 'display_name', nullable: true })
  displayName: string | null;

  @Column('text', { array: true })
  roles: Role[];

  @Column('text')
  status: UserStatus;

  /** When a requested deletion becomes final. */
  @Column({ type: 'timestamptz', name: 'deletion_due_at', precision: 3, nullable: true })
  deletionDueAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt: Date;
}
