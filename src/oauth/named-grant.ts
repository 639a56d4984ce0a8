import type { OAuthGrant } from './oauth-grant.entity.js';

/** A grant, and what the application calls itself. */
export type NamedGrant = Omit<OAuthGrant, 'payload'> & { readonly clientName: string };

/** Of a list. */
export const SHOWN = 100;
const NAMED = `SELECT g.id, g.user_id AS "userId", g.client_id AS "clientId", c.name AS "clientName", g.scopes,
    g.created_at AS "createdAt", g.last_used_at AS "lastUsedAt", g.expires_at AS "expiresAt"
  FROM oauth_grants g JOIN oauth_clients c ON c.id = g.client_id WHERE g.user_id = $1`;
/** Those that count, the newest first, of a person ($1), so many ($2). */
export const LIST = `${NAMED} AND g.expires_at > now() ORDER BY g.created_at DESC, g.id DESC LIMIT $2`;
/** All of a person ($1) after an id ($2), so many ($3). */
export const COPY = `${NAMED} AND g.id > $2 ORDER BY g.id LIMIT $3`;
