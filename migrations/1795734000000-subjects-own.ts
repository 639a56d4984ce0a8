import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Records and kept answers belong to subjects. The rows there are come later, so that nobody waits while they are looked at. */
export class SubjectsOwn1795734000000 implements MigrationInterface {
  name = 'SubjectsOwn1795734000000';

  async up(runner: QueryRunner): Promise<void> {
    // Records first, as whoever writes one locks them: the other order would end in deadlocks.
    await runner.query(`
      ALTER TABLE records DROP CONSTRAINT records_owner,
        ADD CONSTRAINT records_owner FOREIGN KEY (owner_id) REFERENCES subjects (id) ON DELETE CASCADE NOT VALID;
      ALTER TABLE users ADD CONSTRAINT users_subject FOREIGN KEY (id) REFERENCES subjects (id) NOT VALID;
      ALTER TABLE idempotency_keys ADD CONSTRAINT idempotency_keys_subject
        FOREIGN KEY (subject) REFERENCES subjects (id) ON DELETE CASCADE NOT VALID;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_subject;
      ALTER TABLE users DROP CONSTRAINT users_subject;
      DELETE FROM records r WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = r.owner_id);
      ALTER TABLE records DROP CONSTRAINT records_owner,
        ADD CONSTRAINT records_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE;
    `);
  }
}
