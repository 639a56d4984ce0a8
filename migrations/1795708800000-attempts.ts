import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How often a secret was guessed at of late: known here by keyed hashes alone. */
export class Attempts1795708800000 implements MigrationInterface {
  name = 'Attempts1795708800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE attempts (
        key bytea PRIMARY KEY,
        count smallint NOT NULL,
        counted_at timestamptz(3) NOT NULL,
        retry_at timestamptz(3) NOT NULL,
        CONSTRAINT attempts_key CHECK (octet_length(key) = 32),
        CONSTRAINT attempts_count CHECK (count >= 0)
      );
      CREATE INDEX attempts_by_time ON attempts (counted_at);
      -- Whether a device is known takes as long for who has a thousand sessions as for nobody.
      CREATE INDEX sessions_by_network ON sessions (user_id, network);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX sessions_by_network; DROP TABLE attempts');
  }
}
