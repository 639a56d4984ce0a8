import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Mail that leaves with the change it tells of, and the single-use links in it, known here by their hashes alone. */
export class Mail1795608000000 implements MigrationInterface {
  name = 'Mail1795608000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outgoing_mails (
        id uuid PRIMARY KEY,
        kind text NOT NULL,
        user_id uuid,
        payload json NOT NULL,
        attempts smallint NOT NULL DEFAULT 0,
        uncertain smallint NOT NULL DEFAULT 0,
        due_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        sent_at timestamptz(3),
        CONSTRAINT outgoing_mails_uncertain CHECK (uncertain BETWEEN 0 AND 2),
        CONSTRAINT outgoing_mails_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX outgoing_mails_due ON outgoing_mails (due_at) WHERE sent_at IS NULL;
      CREATE INDEX outgoing_mails_sent ON outgoing_mails (user_id, kind, sent_at);
      CREATE INDEX outgoing_mails_by_expiry ON outgoing_mails (expires_at);

      CREATE TABLE email_tokens (
        hash bytea PRIMARY KEY,
        mail_id uuid NOT NULL,
        user_id uuid NOT NULL,
        purpose text NOT NULL,
        email text NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        used_at timestamptz(3),
        CONSTRAINT email_tokens_hash CHECK (octet_length(hash) = 32),
        CONSTRAINT email_tokens_purpose CHECK (purpose IN ('verify_email')),
        CONSTRAINT email_tokens_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX email_tokens_by_user ON email_tokens (user_id, purpose, mail_id);
      CREATE INDEX email_tokens_by_expiry ON email_tokens (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE email_tokens, outgoing_mails');
  }
}
