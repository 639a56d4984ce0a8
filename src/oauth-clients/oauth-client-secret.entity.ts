import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** SHA-256 of a secret of 256 random bits: nobody can guess it, so no slow hash is needed (ASVS 11.4.1). */
@Entity('oauth_client_secrets')
@Check('oauth_client_secrets_hash', 'octet_length(hash) = 32')
@Index('oauth_client_secrets_by_client', ['clientId'])
@Index('oauth_client_secrets_by_expiry', ['expiresAt'], { where: 'expires_at IS NOT NULL' })
export class OAuthClientSecret {
  @PrimaryColumn('bytea')
  hash: Buffer;

  @ForeignKey('oauth_clients', { name: 'oauth_client_secrets_client', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'client_id' })
  clientId: string;

  /** The end of the overlap, for a secret that was replaced. */
  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3, nullable: true })
  expiresAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;
}
