import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Finds a part of an e-mail address or username without reading every user. Trigrams of one's own, as an array is indexed: the
 * extension pg_trgm knows neither punctuation nor texts of one or two characters, and in a database whose LC_CTYPE is C only ASCII.
 * The ends of a text are shorter, so that a prefix of a gram finds what is shorter than three characters.
 */
export class UserSearch1795564800000 implements MigrationInterface {
  name = 'UserSearch1795564800000';

  async up(runner: QueryRunner): Promise<void> {
    // Written out at once, not collected: a list that a search has to read through would make the time of one depend on others.
    await runner.query(`
      CREATE FUNCTION search_grams(value text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
        $$ SELECT array_to_tsvector(array(SELECT substr(value, i, 3) FROM generate_series(1, length(value)) AS i)) $$;
      CREATE INDEX users_by_gram ON users
        USING gin (search_grams(email_key || ' ' || coalesce(username_key, ''))) WITH (fastupdate = off);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX users_by_gram; DROP FUNCTION search_grams(text)');
  }
}
