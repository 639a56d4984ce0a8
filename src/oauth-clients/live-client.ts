/** The condition on a row `c` that the client counts: neither it nor its owner is disabled. */
export const LIVE_CLIENT = `c.disabled_at IS NULL
  AND (c.owner_id IS NULL OR EXISTS (SELECT FROM users u WHERE u.id = c.owner_id AND u.status = 'active'))`;
