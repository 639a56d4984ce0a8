import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Links that make an address the one of an account. */
export class ChangeOfAddress1795615200000 implements MigrationInterface {
  name = 'ChangeOfAddress1795615200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE email_tokens DROP CONSTRAINT email_tokens_purpose;
      ALTER TABLE email_tokens ADD CONSTRAINT email_tokens_purpose
        CHECK (purpose IN ('verify_email', 'change_email', 'reset_password'));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM email_tokens WHERE purpose = 'change_email';
      ALTER TABLE email_tokens DROP CONSTRAINT email_tokens_purpose;
      ALTER TABLE email_tokens ADD CONSTRAINT email_tokens_purpose CHECK (purpose IN ('verify_email', 'reset_password'));
    `);
  }
}
