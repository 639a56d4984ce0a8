import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { newId } from './ids.js';

const SKEW_SECONDS = 5;
const LIFE_SECONDS = 600;
const OPTIONS = { dsaEncoding: 'ieee-p1363' } as const;
const NAME = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[-+.\deE]*/g;

export interface Claims {
  readonly sub: string;
  readonly sid: string;
  readonly scope: string;
  readonly exp: number;
}

/** Access tokens (RFC 9068) in the strict form: ES256 alone, canonical encoding, no member twice, integer times. */
export class Tokens {
  private readonly privateKey: KeyObject;
  private readonly publicKey: KeyObject;
  private readonly kid: string;
  /** All tokens of one key begin with the same text. */
  private readonly header: string;

  constructor(
    pem: string,
    private readonly issuer: string,
    private readonly audience: string,
  ) {
    this.privateKey = createPrivateKey(pem);
    this.publicKey = createPublicKey(this.privateKey);
    const { crv, kty, x, y } = this.publicKey.export({ format: 'jwk' });
    this.kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    this.header = encode({ alg: 'ES256', typ: 'at+jwt', kid: this.kid });
  }

  issue(sub: string, sid: string, scope: string) {
    const iat = Math.floor(Date.now() / 1000);
    const times = { jti: newId(), iat, exp: iat + LIFE_SECONDS };
    const claims = { client_id: 'first-party', scope, sid, iss: this.issuer, aud: this.audience, sub, ...times };
    const signed = `${this.header}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), { key: this.privateKey, ...OPTIONS }).toString('base64url');
    return { access_token: `${signed}.${signature}`, token_type: 'Bearer', expires_in: LIFE_SECONDS, scope };
  }

  /** Null for everything that is not a valid token. */
  prove(token: string): Claims | null {
    if (token.length > 4096) return null;
    const [head = '', body = '', tail = '', ...rest] = token.split('.', 4);
    const signature = decode(tail);
    if (rest.length > 0 || signature?.length !== 64 || !this.isHeader(head)) return null;
    const claims = readObject(decode(body));
    if (!claims || !this.areClaims(claims)) return null;
    const signed = Buffer.from(token.slice(0, head.length + 1 + body.length));
    return verify('sha256', signed, { key: this.publicKey, ...OPTIONS }, signature) ? (claims as never) : null;
  }

  private isHeader(text: string): boolean {
    if (text === this.header) return true;
    const header = readObject(decode(text));
    if (!header || Object.keys(header).length !== 3) return false;
    return header['alg'] === 'ES256' && header['typ'] === 'at+jwt' && header['kid'] === this.kid;
  }

  private areClaims({
    iss,
    aud,
    sub,
    sid,
    jti,
    client_id: client,
    scope,
    iat,
    exp,
    nbf = iat,
  }: Record<string, unknown>) {
    const now = Math.floor(Date.now() / 1000);
    if (iss !== this.issuer || aud !== this.audience || client !== 'first-party') return false;
    if (![sub, sid, jti, scope].every((each) => typeof each === 'string' && each !== '')) return false;
    if (![iat, exp, nbf].every(Number.isSafeInteger)) return false;
    const [issued, expires] = [Number(iat), Number(exp)];
    if (Math.max(issued, Number(nbf)) > now + SKEW_SECONDS || expires <= now) return false;
    return expires > issued && expires - issued <= LIFE_SECONDS + SKEW_SECONDS;
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : null;
}

function readObject(bytes: Buffer | null): Record<string, unknown> | null {
  if (!bytes) return null;
  const text = bytes.toString('utf8');
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    let names = 0;
    for (const [token, colon] of text.matchAll(NAME)) {
      if (colon !== undefined) {
        if (token.includes('\\')) return null;
        names += 1;
      } else if (!token.startsWith('"') && !/^-?\d+$/.test(token)) return null;
    }
    return names === Object.keys(value).length ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
