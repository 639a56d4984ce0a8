import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** What a person has allowed an application: one grant for both of them, which every token of theirs hangs on. */
@Entity('oauth_grants')
@Unique('oauth_grants_of_both', ['userId', 'clientId'])
@Index('oauth_grants_by_client', ['clientId'])
@Index('oauth_grants_by_expiry', ['expiresAt'])
export class OAuthGrant {
  @PrimaryColumn('uuid')
  id: string;

  @ForeignKey('users', { name: 'oauth_grants_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId: string;

  @ForeignKey('oauth_clients', { name: 'oauth_grants_client', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'client_id' })
  clientId: string;

  /** What was allowed and not refused. A token never holds more, whatever is written in it. */
  @Column('text', { array: true })
  scopes: string[];

  /** As the library writes it. */
  @Column('json')
  payload: Record<string, unknown>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  /** When the application last got a token for it. */
  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
