import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Programs that people let in or that act for themselves, and their secrets. One that acts for itself can own records. */
export class OauthClients1795741200000 implements MigrationInterface {
  name = 'OauthClients1795741200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE oauth_clients (
        id uuid PRIMARY KEY,
        owner_id uuid,
        name text NOT NULL,
        application_type text NOT NULL,
        auth_method text NOT NULL,
        redirect_uris text[] NOT NULL DEFAULT '{}',
        post_logout_redirect_uris text[] NOT NULL DEFAULT '{}',
        grant_types text[] NOT NULL,
        scopes text[] NOT NULL,
        jwks json,
        dpop_bound boolean NOT NULL DEFAULT false,
        require_par boolean NOT NULL DEFAULT false,
        disabled_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT oauth_clients_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT oauth_clients_subject FOREIGN KEY (id) REFERENCES subjects (id),
        CONSTRAINT oauth_clients_name CHECK (char_length(name) BETWEEN 1 AND 100),
        CONSTRAINT oauth_clients_application_type CHECK (application_type IN ('web', 'native')),
        CONSTRAINT oauth_clients_auth_method
          CHECK (auth_method IN ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt')),
        CONSTRAINT oauth_clients_grant_types CHECK (cardinality(grant_types) > 0 AND grant_types <@ ARRAY[
          'authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code']),
        CONSTRAINT oauth_clients_refresh CHECK (NOT grant_types @> '{refresh_token}'
          OR grant_types && '{authorization_code, urn:ietf:params:oauth:grant-type:device_code}'),
        CONSTRAINT oauth_clients_itself CHECK (NOT grant_types @> '{client_credentials}'
          OR (auth_method <> 'none' AND owner_id IS NULL)),
        CONSTRAINT oauth_clients_redirects CHECK (
          (cardinality(redirect_uris) > 0) = (grant_types @> '{authorization_code}')
          AND cardinality(redirect_uris) <= 20 AND array_position(redirect_uris, NULL) IS NULL),
        CONSTRAINT oauth_clients_post_logout CHECK (
          (cardinality(post_logout_redirect_uris) = 0 OR grant_types @> '{authorization_code}')
          AND cardinality(post_logout_redirect_uris) <= 20
          AND array_position(post_logout_redirect_uris, NULL) IS NULL),
        CONSTRAINT oauth_clients_scopes CHECK (cardinality(scopes) > 0 AND array_position(scopes, NULL) IS NULL),
        CONSTRAINT oauth_clients_jwks CHECK ((jwks IS NOT NULL) = (auth_method = 'private_key_jwt'))
      );
      CREATE INDEX oauth_clients_by_owner ON oauth_clients (owner_id, created_at, id);
      CREATE INDEX oauth_clients_by_creation ON oauth_clients (created_at, id);

      CREATE TRIGGER oauth_clients_add_subject BEFORE INSERT ON oauth_clients FOR EACH ROW EXECUTE FUNCTION keep_subject();
      CREATE TRIGGER oauth_clients_remove_subject AFTER DELETE ON oauth_clients
        FOR EACH ROW EXECUTE FUNCTION keep_subject();

      CREATE TABLE oauth_client_secrets (
        hash bytea PRIMARY KEY,
        client_id uuid NOT NULL,
        expires_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT oauth_client_secrets_hash CHECK (octet_length(hash) = 32),
        CONSTRAINT oauth_client_secrets_client FOREIGN KEY (client_id) REFERENCES oauth_clients (id) ON DELETE CASCADE
      );
      CREATE INDEX oauth_client_secrets_by_client ON oauth_client_secrets (client_id);
      CREATE INDEX oauth_client_secrets_by_expiry ON oauth_client_secrets (expires_at) WHERE expires_at IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    // By rows first: with each goes the subject, and what it owned.
    await runner.query('DELETE FROM oauth_clients; DROP TABLE oauth_client_secrets, oauth_clients');
  }
}
