import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** SHA-256 of a secret. 256 random bits need no slow hash: nobody can guess them (ASVS 11.4.1). */
@Entity('api_key_secrets')
@Check('api_key_secrets_hash', 'octet_length(hash) = 32')
@Index('api_key_secrets_by_key', ['keyId'])
export class ApiKeySecret {
  @PrimaryColumn('bytea')
  hash: Buffer;

  @ForeignKey('api_keys', { name: 'api_key_secrets_key', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'key_id' })
  keyId: string;

  /** The end of the overlap, for a secret that was rotated out. */
  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3, nullable: true })
  expiresAt: Date | null;
}
