import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import pg from 'pg';
import { type Limit, parseLimit } from './limits.js';
import { Refusal } from './problems.js';
import type { Tokens } from './tokens.js';

export interface Principal {
  readonly kind: 'user' | 'api_key';
  readonly subject: string;
  readonly credentialId: string;
  readonly scopes: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly limit: Limit | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null;
    refusal: string | null;
  }
  interface FastifyContextConfig {
    /** What a credential must hold; none for a public route. */
    scope?: string;
    sensitive?: boolean;
  }
}

const MOST = 50_000;
const STANDING_MS = 30_000;
const KEY = /^(rmp_(live|test)_([0-9A-Za-z]{12})([0-9A-Za-z]{43}))([0-9A-Za-z]{6})$/;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BEARER = /^bearer ([\w.~+/-]+=*)$/i;

const READER = ['data:read', 'profile:read', 'sessions:read', 'sessions:write'];
const USER = [...READER, 'data:write', 'data:restricted', 'profile:write', 'keys:read', 'keys:write'];
const AUDITOR = ['profile:read', 'profile:write', 'sessions:read', 'sessions:write', 'users:read', 'audit:read'];
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  reader: READER,
  user: USER,
  auditor: AUDITOR,
  admin: [...USER, ...AUDITOR, 'users:write'],
};
export const scopesOf = (roles: readonly string[]): Set<string> => new Set(roles.flatMap((role) => SCOPES[role] ?? []));

interface SessionStanding {
  roles: string[];
  expires: Date;
}

interface KeyStanding {
  id: string;
  owner: string;
  scopes: string[];
  limit: string | null;
  roles: string[];
  expires: Date | null;
}

/** Who asks. What was proved is remembered by the hash of its text, or only what it stands for, until it is revoked. */
export class Authentication {
  private readonly proved = new Map<string, Principal>();
  private readonly standings = new Map<string, { value: Principal | SessionStanding; until: number }>();

  constructor(
    private readonly pool: pg.Pool,
    private readonly tokens: Tokens,
    private readonly remembers: boolean,
  ) {}

  /** Forgets everything at a revocation, which is rare. */
  async listen(connectionString: string): Promise<void> {
    const client = new pg.Client({ connectionString });
    client.on('notification', () => {
      this.proved.clear();
      this.standings.clear();
    });
    client.on('error', () => process.exit(1));
    await client.connect();
    await client.query('LISTEN rampart_revoked');
  }

  prove({ headers, raw }: FastifyRequest): Principal | Promise<Principal> {
    const { authorization } = headers;
    const key = headers['x-api-key'] as string | undefined;
    if (key === undefined && authorization === undefined) throw new Refusal('authentication_required');
    if ((key !== undefined && authorization !== undefined) || repeats(raw.rawHeaders)) {
      throw new Refusal('credentials_ambiguous');
    }
    const text = key ?? BEARER.exec(authorization ?? '')?.[1];
    if (text === undefined) throw new Refusal('token_invalid');
    const digest = this.remembers ? hash('sha256', text, 'base64') : '';
    const known = this.remembers ? this.proved.get(digest) : undefined;
    if (known && known.expiresAt > Date.now()) return known;
    const principal = key === undefined ? this.byToken(text) : this.byKey(key);
    if (!this.remembers) return principal;
    return Promise.resolve(principal).then((found) => {
      if (this.proved.size >= MOST) this.proved.clear();
      this.proved.set(digest, found);
      return found;
    });
  }

  private byToken(text: string): Principal | Promise<Principal> {
    const claims = this.tokens.prove(text);
    if (!claims) throw new Refusal('token_invalid');
    const { sub, sid, scope, exp } = claims;
    const principal = ({ roles, expires }: SessionStanding): Principal => ({
      kind: 'user',
      subject: sub,
      credentialId: sid,
      scopes: scopesOf(roles).intersection(new Set(scope.split(' '))),
      expiresAt: Math.min(exp * 1000, expires.getTime()),
      limit: null,
    });
    const known = this.standing<SessionStanding>(sid);
    return known ? principal(known) : this.session(sid, sub).then(principal);
  }

  private async session(sid: string, sub: string): Promise<SessionStanding> {
    const { rows } = await this.pool.query<SessionStanding>({
      name: 'session',
      text: `SELECT u.roles, s.expires_at AS expires FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now() AND u.status = 'active'`,
      values: [sid, sub],
    });
    if (!rows[0]) throw new Refusal('token_invalid');
    return this.remember(sid, rows[0]);
  }

  private byKey(text: string): Principal | Promise<Principal> {
    const [, body = '', environment, publicId = '', secret = '', sum] = KEY.exec(text) ?? [];
    if (environment !== 'test' || sum !== checksum(body)) throw new Refusal('key_invalid');
    const digest = hash('sha256', secret, 'buffer');
    const id = `${publicId} ${digest.toString('base64')}`;
    return this.standing<Principal>(id) ?? this.key(publicId, digest, id);
  }

  private async key(publicId: string, digest: Buffer, id: string): Promise<Principal> {
    const { rows } = await this.pool.query<KeyStanding>({
      name: 'key',
      text: `SELECT k.id, k.owner_id AS owner, k.scopes, k.rate_limit AS limit, u.roles,
          least(k.expires_at, s.expires_at) AS expires
        FROM api_keys k JOIN api_key_secrets s ON s.key_id = k.id JOIN users u ON u.id = k.owner_id
        WHERE k.public_id = $1 AND s.hash = $2 AND u.status = 'active'
          AND (k.expires_at IS NULL OR k.expires_at > now()) AND (s.expires_at IS NULL OR s.expires_at > now())`,
      values: [publicId, digest],
    });
    const [row] = rows;
    if (!row) throw new Refusal('key_invalid');
    return this.remember(id, {
      kind: 'api_key',
      subject: row.owner,
      credentialId: row.id,
      scopes: scopesOf(row.roles).intersection(new Set(row.scopes)),
      expiresAt: row.expires?.getTime() ?? Number.POSITIVE_INFINITY,
      limit: row.limit === null ? null : parseLimit(row.limit),
    });
  }

  private standing<T extends Principal | SessionStanding>(id: string): T | undefined {
    const known = this.standings.get(id);
    return known && known.until > Date.now() ? (known.value as T) : undefined;
  }

  private remember<T extends Principal | SessionStanding>(id: string, value: T): T {
    if (this.standings.size >= MOST) this.standings.clear();
    this.standings.set(id, { value, until: Date.now() + STANDING_MS });
    return value;
  }
}

function repeats(rawHeaders: readonly string[]): boolean {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length !== 13 && name.length !== 9) continue;
    const lower = name.toLowerCase();
    if (lower === 'authorization' || lower === 'x-api-key') seen += 1;
  }
  return seen > 1;
}

function checksum(text: string): string {
  let digits = '';
  for (let rest = crc32(text); rest > 0; rest = Math.floor(rest / 62)) digits = DIGITS.charAt(rest % 62) + digits;
  return digits.padStart(6, '0');
}
