import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether the device of a passkey has ever asked who holds it: those of before show it when they are used next. */
export class PasskeyVerification1795754000000 implements MigrationInterface {
  name = 'PasskeyVerification1795754000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE passkeys ADD COLUMN uv_initialized boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE passkeys DROP COLUMN uv_initialized');
  }
}
