import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Every row of a person is found by an index: for the copy they ask for, and for their erasure. Without one on all records of an
 * owner the foreign key reads the whole table, while the lock of administrators is held.
 */
export class RowsByPerson1795478400000 implements MigrationInterface {
  name = 'RowsByPerson1795478400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX records_by_owner ON records (owner_id, id);
      CREATE INDEX audit_events_by_user ON audit_events ((details ->> 'userId'), at)
        WHERE details ->> 'userId' IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX audit_events_by_user, records_by_owner');
  }
}
