/** Where the rows of a table stand in the copy. */
export interface Shown {
  /** The part of the copy with one row for each of these. */
  readonly part:
    | 'user'
    | 'password'
    | 'totp'
    | 'recoveryCodes'
    | 'passkeys'
    | 'sessions'
    | 'apiKeys'
    | 'oauthClients'
    | 'grants'
    | 'outsideAccounts'
    | 'records'
    | 'securityEvents'
    | 'audit';
  readonly mine: string;
  readonly without?: Readonly<Record<string, string>>;
}

const FOLDED = 'the value beside it, as it is compared';
/** Each table: where its rows stand in the copy, or why they are left out of it. */
export const TABLES: Readonly<Record<string, Shown | string>> = {
  users: { part: 'user', mine: 'id = $1', without: { email_key: FOLDED, username_key: FOLDED } },
  passwords: { part: 'password', mine: 'user_id = $1', without: { hash: 'whoever has it can guess the password' } },
  sessions: { part: 'sessions', mine: 'user_id = $1' },
  api_keys: { part: 'apiKeys', mine: 'owner_id = $1', without: { public_id: 'shown as the end of the prefix' } },
  oauth_clients: { part: 'oauthClients', mine: 'owner_id = $1' },
  oauth_grants: {
    part: 'grants',
    mine: 'user_id = $1',
    without: { payload: 'the same once more, in words of the library' },
  },
  outside_accounts: { part: 'outsideAccounts', mine: 'user_id = $1' },
  records: { part: 'records', mine: 'owner_id = $1' },
  totp_factors: {
    part: 'totp',
    mine: 'user_id = $1',
    without: { sealed_secret: 'whoever has it has the factor', last_step: 'shown as the time of its last use' },
  },
  recovery_codes: { part: 'recoveryCodes', mine: 'user_id = $1', without: { hash: 'of a secret' } },
  passkeys: {
    part: 'passkeys',
    mine: 'user_id = $1',
    without: { credential_id: 'shown in base64url', public_key: 'shows nothing, and is of no use to anybody else' },
  },
  security_events: { part: 'securityEvents', mine: 'user_id = $1' },
  audit_events: { part: 'audit', mine: 'actor_id = $1' },
  subjects: 'the id alone',
  oauth_artifacts: 'hashes of codes and tokens, sealed; the grant and the session they hang on are shown',
  oauth_ended_tokens: 'ids of tokens that were revoked, for ten minutes',
  used_proofs: 'hashes of what counts once, for minutes',
  attempts: 'keyed hashes of what is guessed at, with counts that last a few hours',
  challenges: 'hashes of questions that last five minutes',
  email_tokens: 'hashes of secrets; the address they went to is shown',
  outgoing_mails: 'what waits to be sent, for a day at most, and that it was, for an hour',
  refresh_tokens: 'hashes and sealed values of secrets; the session is shown',
  api_key_secrets: 'hashes of secrets; the key is shown',
  oauth_client_secrets: 'hashes of secrets; the client is shown',
  idempotency_keys: 'answers already given, kept for a day; what they made is among the records',
  invitations: 'the hash of a secret; who has not used it yet cannot ask',
  revocations: 'ids that every instance must hear of, kept for a day',
  signing_keys: 'of the service',
  migrations: 'of the service',
};
