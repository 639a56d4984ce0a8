import { type KeyObject, randomUUID, sign } from 'node:crypto';
import type { TestCaller } from './callers.js';
import { algorithms, ec, jwkOf } from './hostile-algorithms.js';
import { encoded, es256, type Forger, type Forgery } from './tokens.js';

/** What a case may need besides a forger: other people, other keys, and what else is secret here. */
export interface World extends Forger {
  readonly other: TestCaller;
  readonly endedSession: string;
  readonly retired: { readonly kid: string; readonly key: KeyObject };
  /** The key that signs ID tokens now. */
  readonly idTokens: { readonly kid: string; readonly key: KeyObject };
  readonly apiKey: { readonly id: string; readonly key: string };
  readonly refreshToken: string;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** What is different from the good token, or all that stands behind `Bearer `. */
export type Case = readonly [title: string, make: (world: World) => Forgery | string];

const parts = (token: string) => token.split('.') as [string, string, string];
/** The first member twice: what one reader takes and the other is not the same. */
const doubled = (object: object, name: string, first: unknown) =>
  `{${JSON.stringify(name)}:${JSON.stringify(first)},${JSON.stringify(object).slice(1)}`;

const headers: Case[] = [
  ['crit of a known member', () => ({ header: { crit: ['exp'] } })],
  ['crit of an unknown member', () => ({ header: { crit: ['x'], x: 1 } })],
  ['crit empty', () => ({ header: { crit: [] } })],
  ['jku', () => ({ header: { jku: 'https://attacker.example/jwks.json' } })],
  ['x5u', () => ({ header: { x5u: 'https://attacker.example/cert.pem' } })],
  ['x5c', () => ({ header: { x5c: ['MIIB'] } })],
  ['jwk of our own key', (w) => ({ header: { jwk: jwkOf(w.publicKey) } })],
  ['jwk of the key that signed', () => embedded(ec('P-256'))],
  ['b64 false', () => ({ header: { b64: false, crit: ['b64'] } })],
  ['cty', () => ({ header: { cty: 'JWT' } })],
  ['zip', () => ({ header: { zip: 'DEF' } })],
  ['a member of one letter', () => ({ header: { x: 1 } })],
  ['typ JWT', () => ({ header: { typ: 'JWT' } })],
  ['typ missing', () => ({ header: { typ: undefined } })],
  ['typ of another kind of token', () => ({ header: { typ: 'logout+jwt' } })],
  ['kid missing', () => ({ header: { kid: undefined } })],
  ['kid empty', () => ({ header: { kid: '' } })],
  ['kid null', () => ({ header: { kid: null } })],
  ['kid a number', () => ({ header: { kid: 1 } })],
  ['kid a list', (w) => ({ header: { kid: [w.kid] } })],
  ['kid unknown', () => ({ header: { kid: randomUUID() } })],
  ['kid a path', () => ({ header: { kid: '../../../../dev/null' } })],
  ['kid a path that ends in ours', (w) => ({ header: { kid: `./${w.kid}` } })],
  ['kid of SQL', () => ({ header: { kid: `'OR'1'='1` } })],
  ['kid with U+0000', (w) => ({ header: { kid: `${w.kid}\0` } })],
  ['kid named like a member of every object', () => ({ header: { kid: 'constructor' } })],
  ['kid of a retired key', (w) => ({ header: { kid: w.retired.kid }, key: w.retired.key })],
  ['kid of the key of ID tokens', (w) => ({ header: { kid: w.idTokens.kid } })],
  ['alg twice', (w) => ({ header: doubled(w.header, 'alg', 'none') })],
  ['kid twice', (w) => ({ header: doubled(w.header, 'kid', 'other') })],
  ['a header that is a list', () => ({ header: '["ES256","at+jwt"]' })],
  ['a header that is null', () => ({ header: 'null' })],
  ['a header that is no JSON', () => ({ header: '{alg:ES256}' })],
];

const embedded = (key: KeyObject): Forgery => ({ header: { jwk: { ...jwkOf(key), d: undefined } }, key });

const required = ['iss', 'aud', 'sub', 'exp', 'iat', 'jti', 'client_id', 'scope', 'sid'];

const claims: Case[] = [
  ...required.map((name): Case => [`${name} missing`, () => ({ claims: { [name]: undefined } })]),
  ...required.map((name): Case => [`${name} null`, () => ({ claims: { [name]: null } })]),
  ...required.map((name): Case => [`${name} a list`, (w) => ({ claims: { [name]: [w.claims[name]] } })]),
  ...['/', '/evil', '.evil.example', ' ', '\0', '#'].flatMap((more): Case[] => [
    [`iss with ${JSON.stringify(more)} behind it`, (w) => ({ claims: { iss: `${String(w.claims.iss)}${more}` } })],
    [`aud with ${JSON.stringify(more)} behind it`, (w) => ({ claims: { aud: `${String(w.claims.aud)}${more}` } })],
  ]),
  ['iss without its path', () => ({ claims: { iss: 'http://localhost:3000' } })],
  ['iss in upper case', (w) => ({ claims: { iss: String(w.claims.iss).toUpperCase() } })],
  ['iss and aud exchanged', (w) => ({ claims: { iss: w.claims.aud, aud: w.claims.iss } })],
  ['aud a list with others', (w) => ({ claims: { aud: ['https://other.example', w.claims.aud] } })],
  ['aud empty', () => ({ claims: { aud: '' } })],
  ['exp as text', (w) => ({ claims: { exp: String(w.now + MINUTE) } })],
  ['exp with a fraction', (w) => ({ claims: { exp: w.now + MINUTE + 0.5 } })],
  ['exp with an exponent', (w) => ({ claims: raw(w, 'exp', '2e9') })],
  ['exp past', (w) => ({ claims: { iat: w.now - 2 * MINUTE, exp: w.now - MINUTE } })],
  ['exp just now', (w) => ({ claims: { iat: w.now - MINUTE, exp: w.now } })],
  ['exp huge', (w) => ({ claims: raw(w, 'exp', '1e308') })],
  ['exp beyond exact numbers', (w) => ({ claims: raw(w, 'exp', '9007199254740993') })],
  ['exp negative', () => ({ claims: { exp: -1 } })],
  ['exp zero', () => ({ claims: { exp: 0 } })],
  ['exp true', () => ({ claims: { exp: true } })],
  ['exp before iat', (w) => ({ claims: { iat: w.now + 4, exp: w.now + 3 } })],
  ['iat future', (w) => ({ claims: { iat: w.now + MINUTE, exp: w.now + 2 * MINUTE } })],
  ['iat as text', (w) => ({ claims: { iat: String(w.now) } })],
  ['nbf future', (w) => ({ claims: { nbf: w.now + MINUTE } })],
  ['nbf as text', () => ({ claims: { nbf: '0' } })],
  ['a life longer than any that is issued', (w) => ({ claims: { iat: w.now, exp: w.now + 606 } })],
  ['a life of a day', (w) => ({ claims: { iat: w.now, exp: w.now + 86_400 } })],
  ['sub of somebody else', (w) => ({ claims: { sub: w.other.id } })],
  ['sub of nobody', () => ({ claims: { sub: randomUUID() } })],
  ['sub of a key', (w) => ({ claims: { sub: w.apiKey.id } })],
  ['sub a word', () => ({ claims: { sub: 'admin' } })],
  ['sub a number', () => ({ claims: { sub: 1 } })],
  ['sub with U+0000', (w) => ({ claims: { sub: `${String(w.claims.sub)}\0` } })],
  ['sub in upper case', (w) => ({ claims: { sub: String(w.claims.sub).toUpperCase() } })],
  ['sid of somebody else', (w) => ({ claims: { sid: w.other.sessionId } })],
  ['sid that has ended', (w) => ({ claims: { sid: w.endedSession } })],
  ['sid of nobody', () => ({ claims: { sid: randomUUID() } })],
  ['sid of SQL', () => ({ claims: { sid: `' OR 1=1 --` } })],
  ['sid empty', () => ({ claims: { sid: '' } })],
  ['client_id of another client', () => ({ claims: { client_id: 'other' } })],
  ['scope a number', () => ({ claims: { scope: 1 } })],
  ['sub twice', (w) => ({ claims: doubled(w.claims, 'sub', w.other.id) })],
  ['exp twice', (w) => ({ claims: doubled(w.claims, 'exp', 1) })],
  [
    'sub twice, once with an escape',
    (w) => ({ claims: `{"\\u0073ub":"${w.other.id}",${JSON.stringify(w.claims).slice(1)}` }),
  ],
  ['claims that are a list', (w) => ({ claims: `[${JSON.stringify(w.claims)}]` })],
  ['claims that are null', () => ({ claims: 'null' })],
  ['claims that are no JSON', (w) => ({ claims: `${JSON.stringify(w.claims)}}` })],
  ['claims after a byte order mark', (w) => ({ claims: `\uFEFF${JSON.stringify(w.claims)}` })],
  ['a token in a token', (w) => ({ claims: w.token() })],
  ['9 kB of claims', () => ({ claims: { more: 'x'.repeat(6_750) } })],
];

const MINUTE = 60;

/** A claim written in a way that JSON.stringify would not. */
const raw = (w: World, name: string, literal: string): string =>
  JSON.stringify({ ...w.claims, [name]: 0 }).replace(`"${name}":0`, `"${name}":${literal}`);

/** Header and payload written another way, and signed as they stand. */
function rewritten(w: World, rewrite: (part: string) => string | null): string {
  for (let i = 0; i < 1_000; i += 1) {
    const [header, payload] = parts(w.token({ claims: { jti: `${i}???` } }));
    const changed = rewrite(payload);
    if (changed === null) continue;
    const input = `${header}.${changed}`;
    return `${input}.${es256(input, w.privateKey).toString('base64url')}`;
  }
  throw new Error('no payload could be written that way');
}

const resigned = (change: (signature: Buffer, w: World) => Buffer) => (w: World) => ({
  signature: (input: string) => change(es256(input, w.privateKey), w),
});

const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const ONE = Buffer.alloc(32).fill(1, 31);
const ZERO = Buffer.alloc(32);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** The last character with one of the bits set that it does not need: the same bytes in another text. */
const loose = (part: string) => part.slice(0, -1) + ALPHABET[ALPHABET.indexOf(part.at(-1) ?? '') + 1];

const signatures: Case[] = [
  ['signature empty', resigned(() => Buffer.alloc(0))],
  ['signature of zeros', resigned(() => Buffer.concat([ZERO, ZERO]))],
  ['r zero', resigned((s) => Buffer.concat([ZERO, s.subarray(32)]))],
  ['s zero', resigned((s) => Buffer.concat([s.subarray(0, 32), ZERO]))],
  ['r and s of the order of the curve', resigned(() => Buffer.concat([ORDER, ORDER]))],
  ['r and s one', resigned(() => Buffer.concat([ONE, ONE]))],
  ['r and s exchanged', resigned((s) => Buffer.concat([s.subarray(32), s.subarray(0, 32)]))],
  ['signature in ASN.1 DER', (w) => ({ signature: (input) => sign('sha256', Buffer.from(input), w.privateKey) })],
  ['signature of 63 bytes', resigned((s) => s.subarray(1))],
  ['signature of 65 bytes', resigned((s) => Buffer.concat([Buffer.alloc(1), s]))],
  ['signature of 96 bytes', resigned((s) => Buffer.concat([s, ZERO]))],
  [
    'signature with r of 48 bytes',
    resigned((s) => Buffer.concat([Buffer.alloc(16), s.subarray(0, 32), s.subarray(32, 48)])),
  ],
  ['signature with a bit flipped', resigned((s) => Buffer.from(s).fill((s[40] ?? 0) ^ 1, 40, 41))],
  ['signature of another token', (w) => `${parts(w.token()).slice(0, 2).join('.')}.${parts(w.token())[2]}`],
  ['payload of another token', (w) => [parts(w.token())[0], parts(w.other.token)[1], parts(w.token())[2]].join('.')],
  ['signature with loose bits', (w) => loose(w.token())],
];

const shapes: Case[] = [
  ['payload with loose bits', (w) => rewritten(w, (part) => (part.length % 4 === 0 ? null : loose(part)))],
  ['payload with padding', (w) => rewritten(w, (part) => (part.length % 4 === 2 ? `${part}==` : null))],
  ['payload in the other base64', (w) => rewritten(w, (part) => (/[-_]/.test(part) ? swapped(part) : null))],
  ['payload with a tab', (w) => rewritten(w, (part) => `\t${part}`)],
  ['payload with a foreign character', (w) => rewritten(w, (part) => `${part}~`)],
  [
    'payload in bad UTF-8',
    (w) => rewritten(w, () => Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url')),
  ],
  ['header empty', (w) => `.${parts(w.token()).slice(1).join('.')}`],
  ['payload empty', (w) => `${parts(w.token())[0]}..${parts(w.token())[2]}`],
  ['one part', (w) => parts(w.token())[0]],
  ['two parts', (w) => parts(w.token()).slice(0, 2).join('.')],
  ['four parts', (w) => `${w.token()}.`],
  [
    'five parts, as of a JWE',
    (w) => `${encoded({ alg: 'dir', enc: 'A256GCM', typ: 'at+jwt', kid: w.kid })}..${parts(w.token()).join('.')}`,
  ],
  ['dots alone', () => '..'],
  ['thousands of dots', () => '.'.repeat(4_000)],
  ['9 kB of text', () => 'x'.repeat(9_000)],
  ['in upper case', (w) => w.token().toUpperCase()],
  ['in quotation marks', (w) => `"${w.token()}"`],
  ['twice, with a comma', (w) => `${w.token()},${w.token()}`],
  ['twice, with a comma and a space', (w) => `${w.token()}, ${w.token()}`],
  ['with a parameter', (w) => `${w.token()};x=1`],
  ['with another scheme behind it', (w) => `${w.token()}, Basic YTpi`],
  ['after two spaces', (w) => ` ${w.token()}`],
  ['with a tab and more behind it', (w) => `${w.token()}\tx`],
  ['with a no-break space and more behind it', (w) => `${w.token()}\u00a0x`],
  ['as JSON serialisation', (w) => flattened(parts(w.token()))],
  ['null', () => 'null'],
  ['undefined', () => 'undefined'],
  ['an API key', (w) => w.apiKey.key],
  ['a refresh token', (w) => w.refreshToken],
  ['the id of the session', (w) => String(w.claims.sid)],
];

const swapped = (part: string) => part.replaceAll('-', '+').replaceAll('_', '/');
const flattened = ([header, payload, signature]: readonly string[]) =>
  JSON.stringify({ protected: header, payload, signature });

export const hostileTokens = { algorithms, headers, claims, signatures, shapes } as const;
