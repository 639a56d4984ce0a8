import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How often one secret was guessed at of late. Written by statements of its service alone. */
@Entity('attempts')
@Check('attempts_key', 'octet_length(key) = 32')
@Check('attempts_count', 'count >= 0')
@Index('attempts_by_time', ['countedAt'])
export class Attempts {
  /** A MAC of what is guessed at: an address that nobody registered with stands nowhere in clear. */
  @PrimaryColumn('bytea')
  key: Buffer;

  @Column('smallint')
  count: number;

  /** From when on the count leaks. */
  @Column({ type: 'timestamptz', name: 'counted_at', precision: 3 })
  countedAt: Date;

  @Column({ type: 'timestamptz', name: 'retry_at', precision: 3 })
  retryAt: Date;
}
