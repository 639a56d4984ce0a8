import { isUtf8 } from 'node:buffer';
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { isSignedBy, signEs256 } from './es256.js';
import { newId } from './ids.js';

const SKEW_SECONDS = 5;
const LIFE_SECONDS = 600;
const CLIENT = 'first-party';
const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[-+.\deE]*/g;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type JsonObject = Record<string, unknown>;

export interface Claims {
  readonly sub: string;
  readonly sid: string;
  readonly scope: string;
  /** Seconds. */
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number;
}

/** Access tokens (RFC 9068) in one strict form: ES256 alone, canonical encoding, no member twice, integer times. */
export class Tokens {
  private readonly privateKey: KeyObject;
  private readonly publicKey: KeyObject;
  private readonly kid: string;
  /** Every token of this key begins with it, which is known without reading it again. */
  private readonly header: string;
  private readonly issuer: string;
  private readonly audience: string;

  constructor(pem: string, publicUrl: string) {
    this.privateKey = createPrivateKey(pem);
    this.publicKey = createPublicKey(this.privateKey);
    const { crv, kty, x, y } = this.publicKey.export({ format: 'jwk' });
    // RFC 7638.
    this.kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    this.header = encode({ alg: 'ES256', typ: 'at+jwt', kid: this.kid });
    this.issuer = `${publicUrl}/oauth`;
    this.audience = `${publicUrl}/api`;
  }

  /** A response of RFC 6749 section 5.1, ready to be sent. */
  respond(sub: string, sid: string, scope: string, refreshToken: string): string {
    const iat = Math.floor(Date.now() / 1000);
    const { issuer: iss, audience: aud } = this;
    const times = { jti: newId(), iat, exp: iat + LIFE_SECONDS };
    const signed = `${this.header}.${encode({ client_id: CLIENT, scope, sid, iss, aud, sub, ...times })}`;
    const signature = signEs256(Buffer.from(signed), this.privateKey).toString('base64url');
    return JSON.stringify({
      access_token: `${signed}.${signature}`,
      token_type: 'Bearer',
      expires_in: LIFE_SECONDS,
      refresh_token: refreshToken,
      scope,
    });
  }

  /** The claims of a token that is valid now, else null. */
  prove(token: string): Claims | null {
    if (token.length > 4096) return null;
    const first = token.indexOf('.');
    const second = token.indexOf('.', first + 1);
    if (first < 0 || second < 0) return null;
    // A third dot is in no base64url.
    const signature = decode(token.slice(second + 1));
    if (signature?.length !== 64 || !this.isHeader(token.slice(0, first))) return null;
    const claims = readObject(decode(token.slice(first + 1, second)));
    if (!claims || !this.areClaims(claims)) return null;
    const signed = Buffer.from(token.slice(0, second), 'latin1');
    return isSignedBy(this.publicKey, signed, signature) ? (claims as unknown as Claims) : null;
  }

  private isHeader(text: string): boolean {
    if (text === this.header) return true;
    const header = readObject(decode(text));
    if (!header || Object.keys(header).length !== 3) return false;
    return header['alg'] === 'ES256' && header['typ'] === 'at+jwt' && header['kid'] === this.kid;
  }

  private areClaims(claims: JsonObject): boolean {
    const { iss, aud, sub, sid, jti, client_id: client, scope, iat, exp, nbf = iat } = claims;
    if (iss !== this.issuer || aud !== this.audience || client !== CLIENT) return false;
    if (typeof jti !== 'string' || jti === '' || typeof scope !== 'string') return false;
    if (typeof sub !== 'string' || !UUID.test(sub) || typeof sid !== 'string' || !UUID.test(sid)) return false;
    if (!isTime(iat) || !isTime(exp) || !isTime(nbf)) return false;
    const now = Math.floor(Date.now() / 1000);
    if (Math.max(iat, nbf) > now + SKEW_SECONDS || exp <= now) return false;
    return exp > iat && exp - iat <= LIFE_SECONDS + SKEW_SECONDS;
  }
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value);

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Decoders take padding, foreign characters and loose bits: one token would have many texts. */
function decode(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : null;
}

function readObject(bytes: Buffer | null): JsonObject | null {
  if (!bytes || !isUtf8(bytes)) return null;
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  // What is written as JSON.stringify() writes it repeats no member, hides no name and has no odd number.
  const plain = !text.includes('\\') && !text.includes('.') && JSON.stringify(value) === text;
  return plain || isStrict(text, value) ? (value as JsonObject) : null;
}

function isStrict(text: string, value: object): boolean {
  let names = 0;
  for (const [token, colon] of text.matchAll(TOKEN)) {
    if (colon !== undefined) {
      if (token.includes('\\')) return false;
      names += 1;
    } else if (!token.startsWith('"') && !/^-?\d+$/.test(token)) return false;
  }
  return names === membersIn(value);
}

function membersIn(value: unknown): number {
  let members = 0;
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next !== 'object' || next === null) continue;
    const children: unknown[] = Object.values(next);
    if (!Array.isArray(next)) members += children.length;
    for (const child of children) rest.push(child);
  }
  return members;
}
