import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Looks at the sessions there are, in a transaction of its own, in which nobody is kept waiting. */
export class SessionStrength1795719600000 implements MigrationInterface {
  name = 'SessionStrength1795719600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sessions VALIDATE CONSTRAINT sessions_acr');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE sessions DROP CONSTRAINT sessions_acr,
        ADD CONSTRAINT sessions_acr CHECK (acr IN ('aal1', 'aal2')) NOT VALID
    `);
  }
}
