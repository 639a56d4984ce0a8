import { hash } from 'node:crypto';
import { BlockList, isIPv4 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import { type ParsedKey, parseKey } from './api-keys.js';
import { query } from './database.js';
import { noteUse } from './key-usage.js';
import { type Window, windowsOfKey } from './limits.js';
import { Memory, ticket } from './memory.js';
import { Refusal } from './problems.js';
import { scopesOf } from './scopes.js';
import type { Claims, Tokens } from './tokens.js';

export interface Principal {
  readonly kind: 'user' | 'api_key';
  readonly subject: string;
  readonly credentialId: string;
  readonly scopes: ReadonlySet<string>;
  /** Milliseconds since the epoch; before and after, it is refused. */
  readonly validFrom: number;
  readonly expiresAt: number;
  /** A key answers only from these networks. */
  readonly networks: BlockList | null;
  readonly windows: readonly Window[] | undefined;
}

interface Session {
  readonly userId: string;
  readonly held: ReadonlySet<string>;
  readonly expiresAt: number;
  /** The tokens of a session ask for the same: the last answer is the next. */
  asked: string;
  granted: ReadonlySet<string>;
}

export interface Presented {
  readonly kind: 'api-key' | 'jwt';
  readonly text: string | null;
}

const STANDING_MS = 30_000;
const BEARER = /^bearer ([\w.~+/-]+=*)$/i;
const FAILED = { jwt: 'token_invalid', 'api-key': 'key_invalid' } as const;
const milliseconds = (value: string) => `(extract(epoch FROM ${value}) * 1000)::bigint::text`;

const SESSION = {
  name: 'session',
  text: `SELECT to_json(u.roles)::text, ${milliseconds('s.expires_at')} FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now() AND u.status = 'active'`,
};
const KEY = {
  name: 'key',
  text: `SELECT k.id::text, k.owner_id::text, to_json(k.scopes)::text, to_json(k.allowed_cidrs)::text, k.rate_limit,
      ${milliseconds('least(k.expires_at, s.expires_at)')}, to_json(u.roles)::text
    FROM api_keys k JOIN api_key_secrets s ON s.key_id = k.id JOIN users u ON u.id = k.owner_id
    WHERE k.public_id = $1 AND s.hash = $2 AND u.status = 'active'
      AND (k.expires_at IS NULL OR k.expires_at > now()) AND (s.expires_at IS NULL OR s.expires_at > now())`,
};

/** The one credential of a request, or null: a bad one beside a good one is refused, whichever comes first. */
export function presentedBy({ raw: { headers, rawHeaders } }: FastifyRequest): Presented | null {
  const { authorization, 'x-api-key': key } = headers;
  if (key === undefined && authorization === undefined) return null;
  if ((key !== undefined && authorization !== undefined) || repeats(rawHeaders)) {
    throw new Refusal('credentials_ambiguous');
  }
  if (key !== undefined) return { kind: 'api-key', text: String(key) };
  return { kind: 'jwt', text: BEARER.exec(authorization ?? '')?.[1] ?? null };
}

/** Of a second Authorization Node keeps nothing but the raw list. */
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

/** Proves who asks: from memory where that may be, else by form, signature or hash, and standing. */
export class Authentication {
  private readonly proved = new Memory<Principal>();
  private readonly sessions = new Memory<Session>();
  private readonly keys = new Memory<Principal>();
  private readonly pool: Pool;
  private readonly tokens: Tokens;
  private readonly remembers: boolean;

  constructor(pool: Pool, tokens: Tokens, remembers: boolean) {
    this.pool = pool;
    this.tokens = tokens;
    this.remembers = remembers;
  }

  /** Without a promise where nothing has to be asked. */
  prove({ kind, text }: Presented, ip: string): Principal | Promise<Principal> {
    if (text === null) throw new Refusal(FAILED[kind]);
    const digest = this.remembers ? hash('sha256', `${kind} ${text}`, 'base64') : '';
    const known = this.remembers ? this.proved.get(digest) : undefined;
    if (known) return admit(known, kind, ip);
    const before = ticket();
    const found = kind === 'jwt' ? this.byToken(text) : this.byKey(text);
    if (!this.remembers)
      return found instanceof Promise ? found.then((each) => admit(each, kind, ip)) : admit(found, kind, ip);
    return Promise.resolve(found).then((principal) => {
      const { subject, credentialId, expiresAt: until } = principal;
      this.proved.set(digest, principal, { ticket: before, ids: [subject, credentialId], until });
      return admit(principal, kind, ip);
    });
  }

  private byToken(text: string): Principal | Promise<Principal> {
    const claims = this.tokens.prove(text);
    if (!claims) throw new Refusal('token_invalid');
    const known = this.sessions.get(claims.sid);
    if (known && known.userId !== claims.sub) throw new Refusal('token_invalid');
    return known ? principalOf(claims, known) : this.session(claims).then((each) => principalOf(claims, each));
  }

  private async session({ sid, sub }: Claims): Promise<Session> {
    const before = ticket();
    const [row] = await query(this.pool, SESSION, [sid, sub]);
    if (!row) throw new Refusal('token_invalid');
    const held = scopesOf(list(row[0]));
    const session = { userId: sub, held, expiresAt: Number(row[1]), asked: '', granted: new Set<string>() };
    const until = Math.min(session.expiresAt, Date.now() + STANDING_MS);
    this.sessions.set(sid, session, { ticket: before, ids: [sid, sub], until });
    return session;
  }

  private byKey(text: string): Principal | Promise<Principal> {
    const parsed = parseKey(text);
    if (!parsed) throw new Refusal('key_invalid');
    const id = `${parsed.publicId} ${parsed.digest.toString('base64')}`;
    return this.keys.get(id) ?? this.key(parsed, id);
  }

  private async key({ publicId, digest }: ParsedKey, id: string): Promise<Principal> {
    const before = ticket();
    const [row] = await query(this.pool, KEY, [publicId, digest]);
    if (!row) throw new Refusal('key_invalid');
    const [keyId, owner, scopes, networks, limit, expires, roles] = row;
    const principal: Principal = {
      kind: 'api_key',
      subject: String(owner),
      credentialId: String(keyId),
      scopes: scopesOf(list(roles)).intersection(new Set(list(scopes))),
      validFrom: Number.NEGATIVE_INFINITY,
      expiresAt: expires ? Number(expires) : Number.POSITIVE_INFINITY,
      networks: networksOf(list(networks)),
      windows: limit ? windowsOfKey(limit) : undefined,
    };
    const until = Math.min(principal.expiresAt, Date.now() + STANDING_MS);
    this.keys.set(id, principal, { ticket: before, ids: [principal.subject, principal.credentialId], until });
    return principal;
  }
}

/** What memory cannot answer: the time, and the address of this request. */
function admit(principal: Principal, kind: Presented['kind'], ip: string): Principal {
  const now = Date.now();
  if (principal.expiresAt <= now || principal.validFrom > now) throw new Refusal(FAILED[kind]);
  if (principal.networks && !principal.networks.check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6'))
    throw new Refusal('key_invalid');
  if (kind === 'api-key') noteUse(principal.credentialId);
  return principal;
}

function principalOf({ sub, sid, scope, exp, iat, nbf = iat }: Claims, session: Session): Principal {
  if (session.asked !== scope) {
    session.granted = session.held.intersection(new Set(scope.split(' ')));
    session.asked = scope;
  }
  return {
    kind: 'user',
    subject: sub,
    credentialId: sid,
    scopes: session.granted,
    validFrom: (Math.max(iat, nbf) - 5) * 1000,
    expiresAt: Math.min(exp * 1000, session.expiresAt),
    networks: null,
    windows: undefined,
  };
}

function networksOf(cidrs: readonly string[]): BlockList | null {
  if (cidrs.length === 0) return null;
  const networks = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/');
    const type = isIPv4(address) ? 'ipv4' : 'ipv6';
    networks.addSubnet(address, Number(prefix ?? (type === 'ipv4' ? 32 : 128)), type);
  }
  return networks;
}

const list = (column: string | null | undefined): string[] => JSON.parse(column ?? '[]') as string[];
