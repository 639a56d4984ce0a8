import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One-time passwords, recovery codes, and how strong the login of a session was. */
export class SecondFactors1795716000000 implements MigrationInterface {
  name = 'SecondFactors1795716000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE totp_factors (
        user_id uuid PRIMARY KEY,
        sealed_secret bytea NOT NULL,
        last_step bigint NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        confirmed_at timestamptz(3),
        CONSTRAINT totp_factors_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX totp_factors_unconfirmed ON totp_factors (created_at) WHERE confirmed_at IS NULL;

      CREATE TABLE recovery_codes (
        hash bytea PRIMARY KEY,
        user_id uuid NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT recovery_codes_hash CHECK (octet_length(hash) = 32),
        CONSTRAINT recovery_codes_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX recovery_codes_by_user ON recovery_codes (user_id);

      ALTER TABLE sessions ADD acr text NOT NULL DEFAULT 'aal1',
        ADD CONSTRAINT sessions_acr CHECK (acr IN ('aal1', 'aal2')) NOT VALID;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE sessions DROP acr;
      DROP TABLE recovery_codes, totp_factors;
    `);
  }
}
