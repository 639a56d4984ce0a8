import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** Whether the key may leave the device that made it: a passkey that a provider copies is `multiDevice`. */
export const deviceTypes = ['singleDevice', 'multiDevice'] as const;
export type DeviceType = (typeof deviceTypes)[number];

/** A credential record of WebAuthn (section 4): what somebody proves themselves with, without any secret of theirs. */
@Entity('passkeys')
@Unique('passkeys_credential_id', ['credentialId'])
@Check('passkeys_counter', 'counter BETWEEN 0 AND 4294967295')
@Check('passkeys_name', 'char_length(name) BETWEEN 1 AND 100')
@Check('passkeys_device_type', `device_type IN ('singleDevice', 'multiDevice')`)
@Index('passkeys_by_user', ['userId', 'createdAt', 'id'])
export class Passkey {
  @PrimaryColumn('uuid')
  id: string;

  @ForeignKey('users', { name: 'passkeys_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId: string;

  @Column('bytea', { name: 'credential_id' })
  credentialId: Buffer;

  /** COSE_Key (RFC 9052). */
  @Column('bytea', { name: 'public_key' })
  publicKey: Buffer;

  /** The last that was seen of 32 bits, as PostgreSQL writes it; always 0 where an authenticator does not count. */
  @Column('bigint')
  counter: string;

  @Column('text', { array: true })
  transports: string[];

  @Column('text')
  name: string;

  @Column('text', { name: 'device_type' })
  deviceType: DeviceType;

  @Column('boolean', { name: 'backed_up' })
  backedUp: boolean;

  /** Its device has asked who holds it, once at least: only then is it a way in without a password. */
  @Column('boolean', { name: 'uv_initialized', default: false })
  uvInitialized: boolean;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;
}
