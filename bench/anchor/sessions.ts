import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { hash as argon2, verify } from '@node-rs/argon2';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type pg from 'pg';
import { scopesOf } from './authentication.js';
import { newId } from './ids.js';
import { Refusal } from './problems.js';
import { audit, inTransaction } from './records.js';
import type { Tokens } from './tokens.js';

const IDLE_SECONDS = 14 * 86_400;
const ABSOLUTE_SECONDS = 90 * 86_400;
const NOBODY = { kind: 'anonymous', subject: null, credentialId: null } as const;

interface Family {
  id: string;
  user: string;
  roles: string[];
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

function newToken() {
  const token = randomBytes(32).toString('base64url');
  return { token, digest: digestOf(token) };
}

/** The members of a body that must be these strings and no others. */
function stringsIn({ body }: FastifyRequest, ...names: string[]): string[] {
  const members =
    typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : {};
  if (Object.keys(members).length !== names.length) throw new Refusal('validation_failed', { pointer: '' });
  return names.map((name) => {
    const value = members[name];
    if (typeof value !== 'string' || value === '' || value.length > 512) {
      throw new Refusal('validation_failed', { pointer: `/${name}` });
    }
    return value;
  });
}

export function registerSessions(server: FastifyInstance, pool: pg.Pool, tokens: Tokens): void {
  const nobody = argon2('nobody has this password');
  const respond = ({ id, user, roles }: Family, refresh_token: string) => ({
    ...tokens.issue(user, id, [...scopesOf(roles)].join(' ')),
    refresh_token,
  });

  server.post('/api/v1/auth/login', { config: { sensitive: true } }, async (request) => {
    const [email = '', password = ''] = stringsIn(request, 'email', 'password');
    const { rows } = await pool.query<{ id: string; roles: string[]; hash: string }>({
      name: 'login',
      text: `SELECT u.id, u.roles, p.hash FROM users u JOIN passwords p ON p.user_id = u.id
        WHERE u.email_key = $1 AND u.status = 'active'`,
      values: [email.normalize('NFKC').trim().toLowerCase()],
    });
    const [user] = rows;
    const matches = await verify(user?.hash ?? (await nobody), password.normalize('NFKC'));
    if (!user || !matches) throw new Refusal('credentials_invalid');
    const { token, digest } = newToken();
    const id = newId();
    await inTransaction(pool, async (client) => {
      const active = `SELECT 1 FROM users WHERE id = $1 AND status = 'active' FOR SHARE`;
      const { rowCount } = await client.query({ name: 'active', text: active, values: [user.id] });
      if (rowCount === 0) throw new Refusal('credentials_invalid');
      await client.query({
        name: 'session-start',
        text: `INSERT INTO sessions (id, user_id, client_id, user_agent, network, idle_expires_at, expires_at)
          VALUES ($1, $2, 'first-party', $3, $4, now() + make_interval(secs => $5), now() + make_interval(secs => $6))`,
        values: [
          id,
          user.id,
          request.headers['user-agent'] ?? null,
          networkOf(request.ip),
          IDLE_SECONDS,
          ABSOLUTE_SECONDS,
        ],
      });
      await client.query({
        name: 'token',
        text: 'INSERT INTO refresh_tokens (hash, session_id, parent_hash) VALUES ($1, $2, $3)',
        values: [digest, id, null],
      });
      await audit(client, NOBODY, 'session.started', id, { userId: user.id }, request.id);
    });
    return respond({ id, user: user.id, roles: user.roles }, token);
  });

  server.post('/api/v1/auth/refresh', {}, async (request) => {
    const [token = ''] = stringsIn(request, 'refresh_token');
    const outcome = await inTransaction(pool, (client) => rotate(client, token, request.id));
    if (!outcome) throw new Refusal('refresh_token_invalid');
    return respond(outcome.family, outcome.token);
  });
}

/** Null when there is no such token, or when it was used before: then its family ends. */
async function rotate(client: pg.PoolClient, token: string, requestId: string) {
  const digest = digestOf(token);
  const { rows } = await client.query<Family>({
    name: 'family',
    text: `SELECT s.id, s.user_id AS user, u.roles FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = (SELECT session_id FROM refresh_tokens WHERE hash = $1) AND s.ended_at IS NULL
        AND s.idle_expires_at > now() AND s.expires_at > now() AND u.status = 'active' FOR UPDATE OF s`,
    values: [digest],
  });
  const [family] = rows;
  if (!family) return null;
  const successor = newToken();
  const { rowCount } = await client.query({
    name: 'use',
    text: 'UPDATE refresh_tokens SET used_at = clock_timestamp(), successor_sealed = $2 WHERE hash = $1 AND used_at IS NULL',
    values: [digest, seal(token, successor.token)],
  });
  if (rowCount === 0) {
    await client.query('UPDATE sessions SET ended_at = now() WHERE id = $1', [family.id]);
    await audit(client, NOBODY, 'session.reuse_detected', family.id, { userId: family.user }, requestId);
    await client.query(`SELECT pg_notify('rampart_revoked', $1)`, [family.id]);
    return null;
  }
  await client.query({
    name: 'token',
    text: 'INSERT INTO refresh_tokens (hash, session_id, parent_hash) VALUES ($1, $2, $3)',
    values: [successor.digest, family.id, digest],
  });
  await client.query({
    name: 'session-use',
    text: `UPDATE sessions SET last_used_at = now(), idle_expires_at = least(expires_at, now() + make_interval(secs => $2))
      WHERE id = $1`,
    values: [family.id, IDLE_SECONDS],
  });
  return { family, token: successor.token };
}

/** For who still holds the parent. */
function seal(parent: string, successor: string): Buffer {
  const key = Buffer.from(hkdfSync('sha256', parent, '', 'refresh successor', 32));
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(successor), cipher.final(), cipher.getAuthTag()]);
}

const networkOf = (ip: string): string => `${ip.split('.').slice(0, 3).join('.')}.0/24`;
