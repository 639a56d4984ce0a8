import { Entity, PrimaryColumn } from 'typeorm';

/**
 * Whoever can own something. The database makes and removes it with the row of the same id in a table of owners (`keep_subject()`);
 * what is owned refers to it, and goes with it.
 */
@Entity('subjects')
export class Subject {
  @PrimaryColumn('uuid')
  id: string;
}
