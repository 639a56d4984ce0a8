import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';

/** An account that a person has elsewhere and signs in with. Nothing of what it is called or reached by there. */
@Entity('outside_accounts')
@Unique('outside_accounts_subject', ['provider', 'subject'])
@Check('outside_accounts_subject_length', 'char_length(subject) BETWEEN 1 AND 255')
@Unique('outside_accounts_of_both', ['userId', 'provider'])
export class OutsideAccount {
  @PrimaryColumn('uuid')
  id: string;

  @ForeignKey('users', { name: 'outside_accounts_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId: string;

  /** Its name in the settings. */
  @Column('text')
  provider: string;

  /** Who said so: a name that was given to another provider lets nobody in by what was linked before. */
  @Column('text')
  issuer: string;

  /** The person, at this issuer. */
  @Column('text')
  subject: string;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt: Date;
}
