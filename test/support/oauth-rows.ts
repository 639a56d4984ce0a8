import { nth } from './fill.js';

const hash = (byte: number): Buffer => Buffer.alloc(32, byte);
const later = new Date(Date.now() + 60_000);

type Row = Record<string, unknown>;

/** A valid row of each table of the authorization server, of the person and the client with the first ids. */
export const oauthRows: Readonly<Record<string, Row>> = {
  oauth_grants: {
    id: nth(31),
    user_id: nth(1),
    client_id: nth(9),
    scopes: ['data:read'],
    payload: '{}',
    expires_at: later,
  },
  oauth_artifacts: {
    hash: hash(31),
    kind: 'RefreshToken',
    lookup: hash(33),
    grant_id: nth(31),
    session_id: nth(2),
    sealed: hash(1),
    expires_at: later,
  },
  oauth_ended_tokens: { id: nth(33), expires_at: later },
  used_proofs: { hash: hash(34), expires_at: later },
};

/** What identifies them, made new. */
export const freshOAuthRows: Readonly<Record<string, Row>> = {
  oauth_grants: { id: nth(35) },
  oauth_artifacts: { hash: hash(35), lookup: null },
  oauth_ended_tokens: { id: nth(35) },
  used_proofs: { hash: hash(36) },
};

export const oauthRules: readonly [rule: string, table: string, changes: Row, constraint: string][] = [
  ['one grant a person and client', 'oauth_grants', {}, 'oauth_grants_of_both'],
  ['a grant is somebody’s', 'oauth_grants', { user_id: nth(99) }, 'oauth_grants_user'],
  ['a grant is for a client', 'oauth_grants', { client_id: nth(99) }, 'oauth_grants_client'],
  ['a code is known by its hash', 'oauth_artifacts', { hash: Buffer.from('code') }, 'oauth_artifacts_hash'],
  ['one artifact a second name', 'oauth_artifacts', { lookup: hash(33) }, 'oauth_artifacts_lookup'],
  ['an artifact hangs on a grant that is there', 'oauth_artifacts', { grant_id: nth(99) }, 'oauth_artifacts_grant'],
  ['a client that owns is a subject', 'oauth_clients', { id: nth(20) }, 'subjects_pkey'],
  [
    'an artifact hangs on a session that is there',
    'oauth_artifacts',
    { session_id: nth(99) },
    'oauth_artifacts_session',
  ],
  ['a proof is known by its hash', 'used_proofs', { hash: Buffer.from('proof') }, 'used_proofs_hash'],
];
