import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { isText } from '../security/fields.js';

const MAX_KEYS = 5;

interface Kind {
  /** The members of a public key besides those every key may have, and how many bytes they hold where that is fixed. */
  readonly members: Readonly<Record<string, number | null>>;
  readonly algorithms: readonly string[];
  readonly isStrong: (key: KeyObject) => boolean;
}

/** RFC 7518 section 6 and RFC 8037 section 2: what is no member of these is private, symmetric, or not looked at by anybody. */
const KINDS: ReadonlyMap<unknown, Kind> = new Map<unknown, Kind>([
  [
    'EC',
    {
      members: { x: 32, y: 32 },
      algorithms: ['ES256'],
      isStrong: ({ asymmetricKeyDetails: of }) => of?.namedCurve === 'prime256v1',
    },
  ],
  [
    'OKP',
    { members: { x: 32 }, algorithms: ['EdDSA', 'Ed25519'], isStrong: (key) => key.asymmetricKeyType === 'ed25519' },
  ],
  [
    'RSA',
    {
      members: { n: null, e: null },
      algorithms: ['RS256', 'PS256'],
      isStrong: ({ asymmetricKeyDetails: of }) => isStrongRsa(of?.modulusLength ?? 0, of?.publicExponent ?? 0n),
    },
  ],
]);
const COMMON = ['kty', 'kid', 'use', 'alg'];

/** 2,048 bits at least; above 8,192, or with a long exponent, each signature is work that a client could make us do. */
const isStrongRsa = (bits: number, exponent: bigint): boolean =>
  bits >= 2048 && bits <= 8192 && exponent >= 65_537n && exponent < 2n ** 32n;

/** What is wrong with the keys of a client, as a sentence, or null: 1 to 5 public keys that can sign, told apart by their ids. */
export function keysFault(jwks: object): string | null {
  const { keys, ...rest } = jwks as Record<string, unknown>;
  if (!Array.isArray(keys) || Object.keys(rest).length > 0) return 'Must be an object with the one member keys.';
  if (keys.length === 0 || keys.length > MAX_KEYS) return `Must have 1 to ${MAX_KEYS} keys.`;
  for (const [index, key] of (keys as unknown[]).entries()) {
    const fault = keyFault(key);
    if (fault !== null) return `Key ${index + 1} ${fault}.`;
  }
  const ids = new Set((keys as JsonWebKey[]).map(({ kid }) => kid));
  return ids.size === keys.length ? null : 'Must have a kid of its own for each key.';
}

function keyFault(key: unknown): string | null {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return 'is no object';
  const members = key as Record<string, unknown>;
  const kind = KINDS.get(members['kty']);
  if (!kind) return 'is not of kty EC, OKP or RSA';
  const known = new Set([...COMMON, ...Object.keys(kind.members), ...('n' in kind.members ? [] : ['crv'])]);
  const foreign = Object.keys(members).find((name) => !known.has(name));
  // Never its value: this is where somebody pastes a private key.
  if (foreign !== undefined) return `has a member that belongs into no public key: ${foreign.slice(0, 20)}`;
  const { kid, use, alg } = members;
  if (!isText(kid, 1, 100)) return 'has no kid of 1 to 100 characters';
  if (use !== undefined && use !== 'sig') return 'is not for signatures';
  if (alg !== undefined && !kind.algorithms.includes(alg as string)) return `is not for ${kind.algorithms.join(', ')}`;
  const sound = Object.entries(kind.members).every(([name, size]) => isBytes(members[name], size));
  return sound && isStrong(kind, members) ? null : 'is no sound P-256, Ed25519, or RSA key of 2048 to 8192 bits';
}

/** Canonical base64url: decoders take more, each in its own way. */
function isBytes(value: unknown, size: number | null): boolean {
  if (typeof value !== 'string' || value === '') return false;
  const bytes = Buffer.from(value, 'base64url');
  return bytes.toString('base64url') === value && (size === null || bytes.length === size);
}

/** Read by OpenSSL, which also knows whether a point lies on its curve. */
function isStrong({ isStrong: suits }: Kind, members: Record<string, unknown>): boolean {
  try {
    return suits(createPublicKey({ key: members, format: 'jwk' }));
  } catch {
    return false;
  }
}
