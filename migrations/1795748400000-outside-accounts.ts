import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts that people have elsewhere and sign in with. */
export class OutsideAccounts1795748400000 implements MigrationInterface {
  name = 'OutsideAccounts1795748400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outside_accounts (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        provider text NOT NULL,
        issuer text NOT NULL,
        subject text NOT NULL,
        last_used_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT outside_accounts_subject UNIQUE (provider, subject),
        CONSTRAINT outside_accounts_of_both UNIQUE (user_id, provider),
        CONSTRAINT outside_accounts_subject_length CHECK (char_length(subject) BETWEEN 1 AND 255),
        CONSTRAINT outside_accounts_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE outside_accounts');
  }
}
