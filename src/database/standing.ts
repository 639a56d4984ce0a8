/** The condition on a row `c` that an OAuth client counts: neither it nor its owner is disabled. */
export const LIVE_CLIENT = `c.disabled_at IS NULL
  AND (c.owner_id IS NULL OR EXISTS (SELECT FROM users o WHERE o.id = c.owner_id AND o.status = 'active'))`;

/** The condition on a row `s` and its user `u` that a session counts. */
export const LIVE_SESSION = `s.ended_at IS NULL AND s.expires_at > now() AND u.status = 'active'`;
