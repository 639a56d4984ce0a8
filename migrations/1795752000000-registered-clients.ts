import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which clients registered themselves. Nobody has looked at those: they act for people who see them, and never alone. */
export class RegisteredClients1795752000000 implements MigrationInterface {
  name = 'RegisteredClients1795752000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE oauth_clients ADD COLUMN registered boolean NOT NULL DEFAULT false,
        ADD CONSTRAINT oauth_clients_registered
          CHECK (NOT registered OR (owner_id IS NULL AND grant_types <@ '{authorization_code, refresh_token}'));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    // Without the mark they would pass for clients that an administrator made.
    await runner.query('DELETE FROM oauth_clients WHERE registered; ALTER TABLE oauth_clients DROP COLUMN registered');
  }
}
