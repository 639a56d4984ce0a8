import type { JsonWebKey } from 'node:crypto';
import { Check, Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { SigningAlgorithm } from '../config/signing-key.js';

/** A key that signs tokens: with ES256 access tokens, with RS256 ID tokens. The private part is sealed with a key from the environment. */
@Entity('signing_keys')
@Check('signing_keys_algorithm', `algorithm IN ('ES256', 'RS256')`)
export class SigningKey {
  @PrimaryColumn('text')
  kid: string;

  @Column('text')
  algorithm: SigningAlgorithm;

  @Column('json', { name: 'public_jwk' })
  publicJwk: JsonWebKey;

  @Column('bytea', { name: 'sealed_private' })
  sealedPrivate: Buffer;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;

  /** It signs from here on; it is published before. */
  @Column({ type: 'timestamptz', name: 'active_from', precision: 3 })
  activeFrom: Date;

  /** It verifies and is published until here. */
  @Column({ type: 'timestamptz', name: 'retired_at', precision: 3, nullable: true })
  retiredAt: Date | null;
}
