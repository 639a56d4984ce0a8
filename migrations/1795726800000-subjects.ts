import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whoever can own something: now people, later clients too. A table becomes one of owners by two triggers and a foreign key of its id;
 * an id is given once, whichever of these tables has the row.
 */
export class Subjects1795726800000 implements MigrationInterface {
  name = 'Subjects1795726800000';

  async up(runner: QueryRunner): Promise<void> {
    // In the name of the tables' owner, as a foreign key acts, with the search path fixed (PostgreSQL, "Writing SECURITY DEFINER
    // Functions Safely"): whoever serves requests neither invents an owner nor removes one. Nobody else may attach it to a table.
    await runner.query(`
      CREATE TABLE subjects (id uuid PRIMARY KEY);

      CREATE FUNCTION keep_subject() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      BEGIN
        IF TG_OP = 'INSERT' THEN
          INSERT INTO public.subjects (id) VALUES (NEW.id);
          RETURN NEW;
        END IF;
        DELETE FROM public.subjects WHERE id = OLD.id;
        RETURN OLD;
      END $$;
      REVOKE ALL ON FUNCTION keep_subject() FROM PUBLIC;

      CREATE TRIGGER users_add_subject BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION keep_subject();
      CREATE TRIGGER users_remove_subject AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION keep_subject();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER users_remove_subject ON users;
      DROP TRIGGER users_add_subject ON users;
      DROP FUNCTION keep_subject();
      DROP TABLE subjects;
    `);
  }
}
