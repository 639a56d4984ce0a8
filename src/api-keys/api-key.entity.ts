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
import type { Scope } from '../security/scopes.js';

/** A credential for a machine. Its secrets are rows of their own, so that two can live while one is being replaced. */
@Entity('api_keys')
@Unique('api_keys_public_id', ['publicId'])
@Check('api_keys_name', 'char_length(name) BETWEEN 1 AND 100')
@Check('api_keys_scopes', 'cardinality(scopes) > 0')
@Index('api_keys_by_owner', ['ownerId', 'createdAt', 'id'])
export class ApiKey {
  @PrimaryColumn('uuid')
  id: string;

  /** The part of the key that names it: the same after a rotation, and safe to show. */
  @Column('text', { name: 'public_id' })
  publicId: string;

  @ForeignKey('users', { name: 'api_keys_owner', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'owner_id' })
  ownerId: string;

  @Column('text')
  name: string;

  @Column('text', { array: true })
  scopes: Scope[];

  @Column('text', { name: 'allowed_cidrs', array: true, default: '{}' })
  allowedCidrs: string[];

  @Column('text', { name: 'rate_limit', nullable: true })
  rateLimit: string | null;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3, nullable: true })
  expiresAt: Date | null;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt: Date;
}
