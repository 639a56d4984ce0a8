import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

@Entity('passwords')
export class Password {
  @ForeignKey('users', { name: 'passwords_user', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'user_id' })
  userId: string;

  /** argon2id in PHC form: parameters, salt and hash. */
  @Column('text')
  hash: string;

  @Column({ type: 'timestamptz', name: 'changed_at', precision: 3, default: () => 'now()' })
  changedAt: Date;
}
