import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Links that give a new password, and what an owner is told of an account. */
export class Passwords1795611600000 implements MigrationInterface {
  name = 'Passwords1795611600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE email_tokens DROP CONSTRAINT email_tokens_purpose;
      ALTER TABLE email_tokens ADD CONSTRAINT email_tokens_purpose
        CHECK (purpose IN ('verify_email', 'reset_password'));

      CREATE TABLE security_events (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        kind text NOT NULL,
        at timestamptz(3) NOT NULL DEFAULT now(),
        user_agent text,
        network text,
        CONSTRAINT security_events_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX security_events_by_user ON security_events (user_id, at, id);
      CREATE INDEX security_events_by_time ON security_events (at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE security_events;
      DELETE FROM email_tokens WHERE purpose = 'reset_password';
      ALTER TABLE email_tokens DROP CONSTRAINT email_tokens_purpose;
      ALTER TABLE email_tokens ADD CONSTRAINT email_tokens_purpose CHECK (purpose IN ('verify_email'));
    `);
  }
}
