import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What people have allowed applications to do, and what the authorization server has to remember meanwhile. */
export class OAuth1795744800000 implements MigrationInterface {
  name = 'OAuth1795744800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE oauth_grants (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        client_id uuid NOT NULL,
        scopes text[] NOT NULL,
        payload json NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3),
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT oauth_grants_of_both UNIQUE (user_id, client_id),
        CONSTRAINT oauth_grants_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT oauth_grants_client FOREIGN KEY (client_id) REFERENCES oauth_clients (id) ON DELETE CASCADE
      );
      CREATE INDEX oauth_grants_by_client ON oauth_grants (client_id);
      CREATE INDEX oauth_grants_by_expiry ON oauth_grants (expires_at);
      CREATE TABLE oauth_artifacts (
        hash bytea PRIMARY KEY,
        kind text NOT NULL,
        lookup bytea,
        grant_id uuid,
        session_id uuid,
        sealed bytea NOT NULL,
        consumed_at timestamptz(3),
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT oauth_artifacts_lookup UNIQUE (lookup),
        CONSTRAINT oauth_artifacts_hash CHECK (octet_length(hash) = 32),
        CONSTRAINT oauth_artifacts_grant FOREIGN KEY (grant_id) REFERENCES oauth_grants (id) ON DELETE CASCADE,
        CONSTRAINT oauth_artifacts_session FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
      );
      CREATE INDEX oauth_artifacts_by_grant ON oauth_artifacts (grant_id);
      CREATE INDEX oauth_artifacts_by_session ON oauth_artifacts (session_id);
      CREATE INDEX oauth_artifacts_by_expiry ON oauth_artifacts (expires_at);
      CREATE TABLE oauth_ended_tokens (
        id uuid PRIMARY KEY,
        expires_at timestamptz(3) NOT NULL
      );
      CREATE INDEX oauth_ended_tokens_by_expiry ON oauth_ended_tokens (expires_at);
      CREATE TABLE used_proofs (
        hash bytea PRIMARY KEY,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT used_proofs_hash CHECK (octet_length(hash) = 32)
      );
      CREATE INDEX used_proofs_by_expiry ON used_proofs (expires_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE used_proofs, oauth_ended_tokens, oauth_artifacts, oauth_grants');
  }
}
