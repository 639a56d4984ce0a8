import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys for ID tokens beside those of access tokens. */
export class IdTokenKeys1795723200000 implements MigrationInterface {
  name = 'IdTokenKeys1795723200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_algorithm,
        ADD CONSTRAINT signing_keys_algorithm CHECK (algorithm IN ('ES256', 'RS256'))
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM signing_keys WHERE algorithm <> 'ES256';
      ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_algorithm,
        ADD CONSTRAINT signing_keys_algorithm CHECK (algorithm IN ('ES256'));
    `);
  }
}
