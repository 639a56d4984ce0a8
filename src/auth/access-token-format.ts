import { isUtf8 } from 'node:buffer';

/** A token that is refused before its signature is looked at. The message names the rule and never holds the token. */
export class AccessTokenFormatError extends Error {
  constructor(rule: string) {
    super(`access token refused: ${rule}`);
    this.name = 'AccessTokenFormatError';
  }
}

type JsonObject = Record<string, unknown>;

const LONGEST_TOKEN = 4_096;
const ES256_SIGNATURE_BYTES = 64;
/** Seconds by which the clocks of two instances may differ. */
export const CLOCK_SKEW = 5;

function must(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new AccessTokenFormatError(rule);
}

// Decoders skip foreign characters and take padding, `+/` and loose trailing bits: one token would have many texts, and a
// list of refused texts could be walked around (RFC 7515, 2; RFC 4648, 3.5).
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  must(bytes.length > 0 && bytes.toString('base64url') === part, 'parts are canonical base64url');
  return bytes;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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

// JSON.parse keeps the last of repeated members, where another reader keeps the first (RFC 7519, 4; ASVS 1.5.3): the text must
// have as many names as the value. No name of ours needs an escape, so none may hide what it says, and no number a fraction.
function readObject(bytes: Buffer): JsonObject {
  must(isUtf8(bytes), 'header and payload are UTF-8');
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AccessTokenFormatError('header and payload are JSON');
  }
  must(isObject(value), 'header and payload are JSON objects');
  let names = 0;
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[-+.\deE]*/g)) {
    if (colon !== undefined) {
      must(!token.includes('\\'), 'member names have no escapes');
      names += 1;
    } else if (!token.startsWith('"')) must(/^-?\d+$/.test(token), 'numbers are written as integers');
  }
  must(names === membersIn(value), 'members are not repeated');
  return value;
}

function inspectHeader(header: JsonObject): string {
  const { alg, typ, kid } = header;
  must(Object.keys(header).length === 3, 'the header has alg, typ and kid alone');
  must(alg === 'ES256' && typ === 'at+jwt', 'the algorithm is ES256 and the type at+jwt');
  must(typeof kid === 'string' && /^[\x21-\x7e]{1,128}$/.test(kid), 'the key id is 1 to 128 visible characters');
  return kid;
}

function inspectClaims(claims: JsonObject, longestLife: number, now: number): void {
  for (const name of ['iss', 'sub', 'aud', 'client_id', 'jti']) {
    must(typeof claims[name] === 'string' && claims[name] !== '', `${name} is a string`);
  }
  must(typeof claims['scope'] === 'string', 'scope is a string');
  must(claims['sid'] === undefined || (typeof claims['sid'] === 'string' && claims['sid'] !== ''), 'sid is a string');
  must(claims['acr'] === undefined || typeof claims['acr'] === 'string', 'acr is a string');
  const { iat, exp, nbf = iat, auth_time: asked = iat } = claims;
  must([iat, exp, nbf, asked].every(Number.isSafeInteger), 'times are integers');
  const [issued, expires, start] = [Number(iat), Number(exp), Number(nbf)];
  must(Math.max(issued, start) <= now + CLOCK_SKEW, 'the token is not of the future');
  must(expires > now, 'the token has not expired');
  must(
    expires > issued && expires - issued <= longestLife + CLOCK_SKEW,
    'the token lives no longer than any that is issued',
  );
}

/**
 * The strict form of an access token (RFC 9068, RFC 8725, ASVS 9.1 and 9.2), checked before any signature, because the library
 * that verifies those ignores `crit` and `typ` and does not demand `exp`. Answers the id of the key to verify with, or throws
 * AccessTokenFormatError. It proves nothing about who wrote the token. Who has a key to sign with still gets no token of a life
 * beyond `longestLife`, in seconds. `now` is in seconds since the epoch.
 */
export function inspectAccessToken(
  token: string,
  longestLife: number,
  now = Math.floor(Date.now() / 1_000),
): { kid: string } {
  must(typeof token === 'string' && token.length <= LONGEST_TOKEN, 'a token has at most 4096 characters');
  const [header = '', payload = '', signature = '', ...rest] = token.split('.', 4);
  must(rest.length === 0, 'a token has three parts');
  const kid = inspectHeader(readObject(decode(header)));
  must(decode(signature).length === ES256_SIGNATURE_BYTES, 'the signature has 64 bytes');
  inspectClaims(readObject(decode(payload)), longestLife, now);
  return { kid };
}
