import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Looks at the rows there are, in a transaction of its own, in which nobody is kept waiting. */
export class SubjectsOwnAll1795737600000 implements MigrationInterface {
  name = 'SubjectsOwnAll1795737600000';

  async up(runner: QueryRunner): Promise<void> {
    // Answers kept for somebody who was deleted: until now nothing but their day took them along.
    await runner.query(`
      DELETE FROM idempotency_keys k WHERE NOT EXISTS (SELECT FROM subjects s WHERE s.id = k.subject);
      ALTER TABLE users VALIDATE CONSTRAINT users_subject;
      ALTER TABLE records VALIDATE CONSTRAINT records_owner;
      ALTER TABLE idempotency_keys VALIDATE CONSTRAINT idempotency_keys_subject;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE records DROP CONSTRAINT records_owner,
        ADD CONSTRAINT records_owner FOREIGN KEY (owner_id) REFERENCES subjects (id) ON DELETE CASCADE NOT VALID;
      ALTER TABLE users DROP CONSTRAINT users_subject,
        ADD CONSTRAINT users_subject FOREIGN KEY (id) REFERENCES subjects (id) NOT VALID;
      ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_subject,
        ADD CONSTRAINT idempotency_keys_subject FOREIGN KEY (subject) REFERENCES subjects (id) ON DELETE CASCADE NOT VALID;
    `);
  }
}
