import { createCipheriv, hash, hkdfSync, randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Pool, PoolClient } from 'pg';
import { audit, inTransaction, NOBODY, query, revoke } from './database.js';
import { JSON_TYPE } from './headers.js';
import { newId } from './ids.js';
import { forget } from './memory.js';
import type { Passwords } from './passwords.js';
import { Refusal } from './problems.js';
import { scopesOf } from './scopes.js';
import type { Tokens } from './tokens.js';
import { loginOf, refreshOf } from './validation.js';

const IDLE_SECONDS = 14 * 86_400;
const ABSOLUTE_SECONDS = 90 * 86_400;
const MAX_AGENT = 200;

const PERSON = {
  name: 'person',
  text: `SELECT u.id::text, p.hash FROM users u JOIN passwords p ON p.user_id = u.id
    WHERE u.email_key = $1 AND u.status = 'active'`,
};
/** Locked: who is being disabled meanwhile would keep the session. */
const ACTIVE = {
  name: 'active',
  text: `SELECT to_json(roles)::text FROM users WHERE id = $1 AND status = 'active' FOR SHARE`,
};
const START = {
  name: 'start',
  text: `INSERT INTO sessions (id, user_id, client_id, user_agent, network, idle_expires_at, expires_at)
    VALUES ($1, $2, 'first-party', $3, $4, $5, $6)`,
};
const TOKEN = { name: 'token', text: 'INSERT INTO refresh_tokens (hash, session_id, parent_hash) VALUES ($1, $2, $3)' };
const FAMILY = {
  name: 'family',
  text: `SELECT s.id::text, s.user_id::text, to_json(u.roles)::text FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = (SELECT session_id FROM refresh_tokens WHERE hash = $1) AND s.ended_at IS NULL
      AND s.idle_expires_at > now() AND s.expires_at > now() AND u.status = 'active' FOR UPDATE OF s`,
};
/** After the lock: a parallel use may have been first. */
const USE = {
  name: 'use',
  text: `UPDATE refresh_tokens SET used_at = clock_timestamp(), successor_sealed = $2
    WHERE hash = $1 AND used_at IS NULL RETURNING true`,
};
const PROLONG = {
  name: 'prolong',
  text: `UPDATE sessions SET last_used_at = now(), idle_expires_at = least(expires_at, now() + make_interval(secs => $2))
    WHERE id = $1`,
};
const END = { name: 'end', text: 'UPDATE sessions SET ended_at = now() WHERE id = $1' };

interface Family {
  readonly id: string;
  readonly userId: string;
  readonly roles: readonly string[];
  readonly token: string;
}

function newToken() {
  const token = randomBytes(32).toString('base64url');
  return { token, digest: hash('sha256', token, 'buffer') };
}

/** What a login and a refresh need. */
export interface Parts {
  readonly pool: Pool;
  readonly tokens: Tokens;
  readonly passwords: Passwords;
}

async function login({ pool, tokens, passwords }: Parts, request: FastifyRequest, reply: FastifyReply) {
  const { email, password } = loginOf(request.body);
  const emailKey = email.normalize('NFKC').trim().toLowerCase().normalize('NFKC');
  const [person] = await query(pool, PERSON, [emailKey]);
  const matches = await passwords.matches(person?.[1] ?? null, password);
  const userId = person?.[0];
  const family = matches && userId ? await inTransaction(pool, (client) => start(client, request, userId)) : null;
  if (!family) throw new Refusal('credentials_invalid');
  return respond(tokens, family, reply);
}

async function start(client: PoolClient, request: FastifyRequest, userId: string): Promise<Family | null> {
  const [row] = await query(client, ACTIVE, [userId]);
  if (!row) return null;
  const { token, digest } = newToken();
  const [id, now] = [newId(), Date.now()];
  const times = [IDLE_SECONDS, ABSOLUTE_SECONDS].map((seconds) => new Date(now + seconds * 1000).toISOString());
  await query(client, START, [id, userId, agentOf(request), networkOf(request.ip), ...times]);
  await query(client, TOKEN, [digest, id, null]);
  await audit(client, NOBODY, request.id, ['session.started', id, { userId }]);
  return { id, userId, roles: JSON.parse(row[0] ?? '[]') as string[], token };
}

async function refresh({ pool, tokens }: Parts, request: FastifyRequest, reply: FastifyReply) {
  const { refresh_token: token } = refreshOf(request.body);
  const outcome = await inTransaction(pool, (client) => rotate(client, token, request.id));
  if (typeof outcome === 'string') forget(outcome);
  if (outcome === null || typeof outcome === 'string') throw new Refusal('refresh_token_invalid');
  return respond(tokens, outcome, reply);
}

/** Null for no token; of one that was used before the session that it ended. */
async function rotate(client: PoolClient, token: string, requestId: string): Promise<Family | string | null> {
  const digest = hash('sha256', token, 'buffer');
  const [row] = await query(client, FAMILY, [digest]);
  if (!row) return null;
  const [id, userId, roles] = row as readonly [string, string, string];
  const successor = newToken();
  const used = await query(client, USE, [digest, seal(token, successor.token, id)]);
  if (used.length === 0) {
    await query(client, END, [id]);
    await audit(client, NOBODY, requestId, ['session.reuse_detected', id, { userId }]);
    await revoke(client, id);
    return id;
  }
  await query(client, TOKEN, [successor.digest, id, digest]);
  await query(client, PROLONG, [id, String(IDLE_SECONDS)]);
  return { id, userId, roles: JSON.parse(roles) as string[], token: successor.token };
}

/** So that only who holds the parent can read it; the form is the backend's, which can open it. */
function seal(parent: string, successor: string, sessionId: string): Buffer {
  const key = Buffer.from(hkdfSync('sha256', parent, '', 'refresh successor', 32));
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.concat([Buffer.of(1), Buffer.from(sessionId)]));
  return Buffer.concat([Buffer.of(1), nonce, cipher.update(successor), cipher.final(), cipher.getAuthTag()]);
}

function respond(tokens: Tokens, { id, userId, roles, token }: Family, reply: FastifyReply): FastifyReply {
  const scope = [...scopesOf(roles)].join(' ');
  return reply.header('content-type', JSON_TYPE).send(tokens.respond(userId, id, scope, token));
}

const agentOf = ({ headers }: FastifyRequest): string | null =>
  headers['user-agent']?.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_AGENT) || null;

/** The /24; this server listens on an IPv4 address alone. */
const networkOf = (ip: string): string => (isIPv4(ip) ? `${ip.slice(0, ip.lastIndexOf('.'))}.0/24` : ip);

export function registerSessions(server: FastifyInstance, parts: Parts): void {
  const sensitive = { config: { sensitive: true } };
  server.post('/api/v1/auth/login', sensitive, (request, reply) => login(parts, request, reply));
  server.post('/api/v1/auth/refresh', (request, reply) => refresh(parts, request, reply));
}
