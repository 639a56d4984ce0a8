import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/**
 * A code, token, session or request that the authorization server has given out. The row knows it by a hash, and its content is
 * sealed: whoever reads the table can neither use one nor see whose it is, but for the grant and the session it hangs on.
 */
@Entity('oauth_artifacts')
@Unique('oauth_artifacts_lookup', ['lookup'])
@Check('oauth_artifacts_hash', 'octet_length(hash) = 32')
@Index('oauth_artifacts_by_grant', ['grantId'])
@Index('oauth_artifacts_by_session', ['sessionId'])
@Index('oauth_artifacts_by_expiry', ['expiresAt'])
export class OAuthArtifact {
  @PrimaryColumn('bytea')
  hash: Buffer;

  /** The library's name of what it is: a code is no token, whatever its text. */
  @Column('text')
  kind: string;

  /** Keyed hash of a second name: the code that a person types for a device. */
  @Column('bytea', { nullable: true })
  lookup: Buffer | null;

  @ForeignKey('oauth_grants', { name: 'oauth_artifacts_grant', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'grant_id', nullable: true })
  grantId: string | null;

  @ForeignKey('sessions', { name: 'oauth_artifacts_session', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'session_id', nullable: true })
  sessionId: string | null;

  @Column('bytea')
  sealed: Buffer;

  @Column({ type: 'timestamptz', name: 'consumed_at', precision: 3, nullable: true })
  consumedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt: Date;
}
