import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Public keys that people prove themselves with (WebAuthn). */
export class Passkeys1795712400000 implements MigrationInterface {
  name = 'Passkeys1795712400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE passkeys (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        credential_id bytea NOT NULL,
        public_key bytea NOT NULL,
        counter bigint NOT NULL,
        transports text[] NOT NULL,
        name text NOT NULL,
        device_type text NOT NULL,
        backed_up boolean NOT NULL,
        last_used_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT passkeys_credential_id UNIQUE (credential_id),
        CONSTRAINT passkeys_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT passkeys_counter CHECK (counter BETWEEN 0 AND 4294967295),
        CONSTRAINT passkeys_name CHECK (char_length(name) BETWEEN 1 AND 100),
        CONSTRAINT passkeys_device_type CHECK (device_type IN ('singleDevice', 'multiDevice'))
      );
      CREATE INDEX passkeys_by_user ON passkeys (user_id, created_at, id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE passkeys');
  }
}
