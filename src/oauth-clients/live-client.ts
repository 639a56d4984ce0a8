const CANONICAL = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Whether a text can be a client_id: one spelling, which is compared as text elsewhere, and nothing that PostgreSQL would refuse. */
export const isClientId = (text: string): boolean => CANONICAL.test(text);

/** The condition on a row `c` that the client counts: neither it nor its owner is disabled. */
export const LIVE_CLIENT = `c.disabled_at IS NULL
  AND (c.owner_id IS NULL OR EXISTS (SELECT FROM users u WHERE u.id = c.owner_id AND u.status = 'active'))`;
