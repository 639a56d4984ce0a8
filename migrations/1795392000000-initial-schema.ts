import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first schema. Rules live in constraints, so that no code path can break them: unique addresses and usernames,
 * known roles and states, one live refresh token a session, one answer an idempotency key, secrets as hashes alone.
 * Times have milliseconds, because a cursor carries them through JavaScript and must meet the same row again.
 */
export class InitialSchema1795392000000 implements MigrationInterface {
  name = 'InitialSchema1795392000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE users (
        id uuid PRIMARY KEY,
        email text NOT NULL,
        email_key text NOT NULL CONSTRAINT users_email_key UNIQUE,
        email_verified_at timestamptz(3),
        username text,
        username_key text CONSTRAINT users_username_key UNIQUE,
        display_name text,
        roles text[] NOT NULL,
        status text NOT NULL,
        deletion_due_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT users_username CHECK ((username IS NULL) = (username_key IS NULL)),
        CONSTRAINT users_roles CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['reader', 'user', 'auditor', 'admin']),
        CONSTRAINT users_status CHECK (status IN ('invited', 'active', 'disabled'))
      );
      CREATE INDEX users_by_creation ON users (created_at, id);
      CREATE INDEX users_by_status ON users (status, created_at, id);
      -- Not one index of all roles: what a rare one matches is overestimated, and everybody read in order instead.
      CREATE INDEX users_readers ON users (created_at, id) WHERE roles @> '{reader}';
      CREATE INDEX users_auditors ON users (created_at, id) WHERE roles @> '{auditor}';
      CREATE INDEX users_admins ON users (created_at, id) WHERE roles @> '{admin}';
      CREATE INDEX users_due_for_deletion ON users (deletion_due_at) WHERE deletion_due_at IS NOT NULL;

      CREATE TABLE passwords (
        user_id uuid PRIMARY KEY,
        hash text NOT NULL,
        changed_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT passwords_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );

      CREATE TABLE invitations (
        token_hash bytea PRIMARY KEY,
        user_id uuid NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT invitations_hash CHECK (octet_length(token_hash) = 32),
        CONSTRAINT invitations_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX invitations_by_user ON invitations (user_id);
      CREATE INDEX invitations_by_expiry ON invitations (expires_at);
    `);
    await runner.query(`
      CREATE TABLE sessions (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        client_id text NOT NULL,
        user_agent text,
        network text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3) NOT NULL DEFAULT now(),
        idle_expires_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        ended_at timestamptz(3),
        CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
      CREATE INDEX sessions_by_expiry ON sessions (idle_expires_at);

      CREATE TABLE refresh_tokens (
        hash bytea PRIMARY KEY,
        session_id uuid NOT NULL,
        parent_hash bytea CONSTRAINT refresh_tokens_one_successor UNIQUE,
        used_at timestamptz(3),
        successor_sealed bytea,
        CONSTRAINT refresh_tokens_hash CHECK (octet_length(hash) = 32 AND octet_length(parent_hash) = 32),
        CONSTRAINT refresh_tokens_session FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
      );
      CREATE UNIQUE INDEX refresh_tokens_one_live ON refresh_tokens (session_id) WHERE used_at IS NULL;
      CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
      CREATE INDEX refresh_tokens_sealed ON refresh_tokens (used_at) WHERE successor_sealed IS NOT NULL;

      CREATE TABLE signing_keys (
        kid text PRIMARY KEY,
        algorithm text NOT NULL,
        public_jwk json NOT NULL,
        sealed_private bytea NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        active_from timestamptz(3) NOT NULL,
        retired_at timestamptz(3),
        CONSTRAINT signing_keys_algorithm CHECK (algorithm IN ('ES256'))
      );

      CREATE TABLE revocations (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        subject uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX revocations_by_time ON revocations (created_at);
    `);
    await runner.query(`
      CREATE TABLE api_keys (
        id uuid PRIMARY KEY,
        public_id text NOT NULL CONSTRAINT api_keys_public_id UNIQUE,
        owner_id uuid NOT NULL,
        name text NOT NULL,
        scopes text[] NOT NULL,
        allowed_cidrs text[] NOT NULL DEFAULT '{}',
        rate_limit text,
        expires_at timestamptz(3),
        last_used_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT api_keys_name CHECK (char_length(name) BETWEEN 1 AND 100),
        CONSTRAINT api_keys_scopes CHECK (cardinality(scopes) > 0),
        CONSTRAINT api_keys_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX api_keys_by_owner ON api_keys (owner_id, created_at, id);

      CREATE TABLE api_key_secrets (
        hash bytea PRIMARY KEY,
        key_id uuid NOT NULL,
        expires_at timestamptz(3),
        CONSTRAINT api_key_secrets_hash CHECK (octet_length(hash) = 32),
        CONSTRAINT api_key_secrets_key FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE
      );
      CREATE INDEX api_key_secrets_by_key ON api_key_secrets (key_id);

      CREATE TABLE records (
        id uuid PRIMARY KEY,
        owner_id uuid NOT NULL,
        name text COLLATE "C" NOT NULL,
        classification text NOT NULL,
        content json NOT NULL,
        tags text[] NOT NULL DEFAULT '{}',
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at timestamptz(3),
        CONSTRAINT records_classification CHECK (classification IN ('public', 'internal', 'confidential', 'restricted')),
        CONSTRAINT records_name CHECK (char_length(name) BETWEEN 1 AND 200),
        CONSTRAINT records_tags CHECK (
          cardinality(tags) <= 20 AND array_position(tags, '') IS NULL AND array_position(tags, NULL) IS NULL
        ),
        CONSTRAINT records_version CHECK (version > 0),
        CONSTRAINT records_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
      );
      CREATE INDEX records_by_creation ON records (owner_id, created_at, id) WHERE deleted_at IS NULL;
      CREATE INDEX records_by_update ON records (owner_id, updated_at, id) WHERE deleted_at IS NULL;
      CREATE INDEX records_by_name ON records (owner_id, name, id) WHERE deleted_at IS NULL;
      CREATE INDEX records_deleted_by_creation ON records (owner_id, created_at, id) WHERE deleted_at IS NOT NULL;
      CREATE INDEX records_deleted_by_update ON records (owner_id, updated_at, id) WHERE deleted_at IS NOT NULL;
      CREATE INDEX records_deleted_by_name ON records (owner_id, name, id) WHERE deleted_at IS NOT NULL;
      -- For the foreign key, which cannot use an index of some of the rows, and for an export.
      CREATE INDEX records_by_owner ON records (owner_id, id);
      CREATE INDEX records_due_for_purge ON records (deleted_at) WHERE deleted_at IS NOT NULL;

      CREATE TABLE idempotency_keys (
        subject uuid NOT NULL,
        route text NOT NULL,
        key text NOT NULL,
        body_hash bytea NOT NULL,
        status smallint NOT NULL,
        headers json NOT NULL,
        body json NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        PRIMARY KEY (subject, route, key)
      );
      CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

      CREATE TABLE audit_events (
        id uuid PRIMARY KEY,
        at timestamptz(3) NOT NULL DEFAULT now(),
        actor_kind text NOT NULL,
        actor_id uuid,
        credential_id uuid,
        action text NOT NULL,
        target_id uuid,
        details json,
        request_id text
      );
      CREATE INDEX audit_events_by_time ON audit_events (at, id);
      CREATE INDEX audit_events_by_actor ON audit_events (actor_id, at, id);
      CREATE INDEX audit_events_by_target ON audit_events (target_id, at, id);
      CREATE INDEX audit_events_by_user ON audit_events ((details ->> 'userId'), at, id)
        WHERE details ->> 'userId' IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE audit_events, idempotency_keys, records, api_key_secrets, api_keys, revocations, signing_keys,
        refresh_tokens, sessions, invitations, passwords, users;
    `);
  }
}
