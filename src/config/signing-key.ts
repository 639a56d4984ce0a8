import { createPrivateKey, type KeyObject } from 'node:crypto';

/**
 * Access tokens are signed with ES256 and nothing else. ID tokens are signed with RS256, which every OpenID provider has to offer
 * (OpenID Connect Core, 15.1).
 */
export const signingAlgorithms = ['ES256', 'RS256'] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

/** The least that RFC 7518, 3.3 allows, and what is made here: every relying party takes it. */
export const RSA_BITS = 2048;
/** FIPS 186-5, 5.4: signatures of a small exponent can be forged where a verifier reads the padding carelessly. */
const MIN_RSA_EXPONENT = 65_537n;

/** What this key signs with, or null when it is of no use here. */
export function algorithmOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): SigningAlgorithm | null {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = details ?? {};
  if (type === 'ec' && namedCurve === 'prime256v1') return 'ES256';
  return type === 'rsa' && modulusLength >= RSA_BITS && publicExponent >= MIN_RSA_EXPONENT ? 'RS256' : null;
}

/** A private key in PEM, and what it signs with. Throws RangeError. */
export function readSigningKey(pem: string): { privateKey: KeyObject; algorithm: SigningAlgorithm } {
  const privateKey = parse(pem);
  const algorithm = algorithmOf(privateKey);
  if (!algorithm)
    throw new RangeError(`the key must be EC on P-256 (ES256), or RSA of ${RSA_BITS} bits or more (RS256)`);
  return { privateKey, algorithm };
}

function parse(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new RangeError('the file is no private key in PEM, or one with a passphrase');
  }
}
