// @ts-check

/** What no crash may leave behind, each as a query of the rows that are half of something. */
const HALVES = {
  'record without all its audit rows': `SELECT r.id FROM records r WHERE r.version <>
    (SELECT count(*) FROM audit_events a WHERE a.target_id = r.id AND a.action LIKE 'record.%')`,
  'audit row without its record': `SELECT a.id FROM audit_events a WHERE a.action LIKE 'record.%'
    AND NOT EXISTS (SELECT FROM records r WHERE r.id = a.target_id)`,
  'idempotency key without its record': `SELECT k.key FROM idempotency_keys k
    WHERE NOT EXISTS (SELECT FROM records r WHERE r.id = (k.body ->> 'id')::uuid)`,
  'live session without its one live refresh token': `SELECT s.id FROM sessions s WHERE s.ended_at IS NULL AND 1 <>
    (SELECT count(*) FROM refresh_tokens t WHERE t.session_id = s.id AND t.used_at IS NULL)`,
  'used refresh token without successor': `SELECT t.hash FROM refresh_tokens t WHERE t.used_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM refresh_tokens c WHERE c.parent_hash = t.hash)`,
  'session without audit row': `SELECT s.id FROM sessions s WHERE NOT EXISTS
    (SELECT FROM audit_events a WHERE a.target_id = s.id AND a.action = 'session.started')`,
  'ended session without audit row or revocation': `SELECT s.id FROM sessions s WHERE s.ended_at IS NOT NULL AND NOT
    (EXISTS (SELECT FROM audit_events a WHERE a.target_id = s.id AND a.action = 'session.ended')
    AND EXISTS (SELECT FROM revocations r WHERE r.subject = s.id))`,
  'key without secret': `SELECT k.id FROM api_keys k WHERE NOT EXISTS
    (SELECT FROM api_key_secrets s WHERE s.key_id = k.id)`,
  'key without audit row': `SELECT k.id FROM api_keys k WHERE NOT EXISTS
    (SELECT FROM audit_events a WHERE a.target_id = k.id AND a.action = 'key.created')`,
  'deleted key without audit row': `SELECT a.id FROM audit_events a WHERE a.action = 'key.created'
    AND NOT EXISTS (SELECT FROM api_keys k WHERE k.id = a.target_id)
    AND NOT EXISTS (SELECT FROM audit_events d WHERE d.target_id = a.target_id AND d.action = 'key.deleted')`,
  'person without password or audit row': `SELECT u.id FROM users u WHERE NOT
    (EXISTS (SELECT FROM passwords p WHERE p.user_id = u.id)
    AND EXISTS (SELECT FROM audit_events a WHERE a.target_id = u.id AND a.action = 'user.registered'))`,
};

/**
 * @param {import('../lab/cluster.mjs').Database} database
 * @returns {Promise<string[]>} one line a row that is half of something
 */
export async function halves({ query }) {
  const found = [];
  for (const [what, sql] of Object.entries(HALVES)) {
    for (const row of await query(sql)) found.push(`${what}: ${Object.values(row)[0]}`);
  }
  return found;
}
