import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Questions that are answered once, in a later request: known here by their hashes alone. */
export class Challenges1795705200000 implements MigrationInterface {
  name = 'Challenges1795705200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE challenges (
        hash bytea PRIMARY KEY,
        purpose text NOT NULL,
        user_id uuid,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT challenges_hash CHECK (octet_length(hash) = 32),
        CONSTRAINT challenges_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX challenges_by_user ON challenges (user_id);
      CREATE INDEX challenges_by_expiry ON challenges (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE challenges');
  }
}
