import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Makes subjects of the people there are, in a transaction of its own: the triggers see to everybody who comes meanwhile. */
export class SubjectsOfUsers1795730400000 implements MigrationInterface {
  name = 'SubjectsOfUsers1795730400000';

  async up(runner: QueryRunner): Promise<void> {
    // Locked against deletion alone: of somebody who goes at this moment nothing stays.
    await runner.query('INSERT INTO subjects (id) SELECT id FROM users FOR KEY SHARE ON CONFLICT DO NOTHING');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('TRUNCATE subjects');
  }
}
