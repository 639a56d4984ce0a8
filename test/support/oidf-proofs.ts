import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export type Claims = Readonly<Record<string, unknown>>;
export type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

export interface ProofChanges {
  /** The token that it is shown with. */
  readonly token?: string;
  readonly claims?: Claims;
  readonly header?: Claims;
  readonly keys?: Pair;
}

export const aPair = (alg: string): Promise<Pair> => generateKeyPair(alg, { extractable: true });

const now = (): number => Math.floor(Date.now() / 1000);

/** How a client proves who it is (RFC 7523 section 3); undefined takes a claim out. */
export function anAssertion(
  keys: Pair,
  { clientId, issuer }: { clientId: string; issuer: string },
  claims: Claims,
  header: Claims & { alg: string },
): Promise<string> {
  const times = { iat: now(), exp: now() + 60 };
  const all = { iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), ...times, ...claims };
  return new SignJWT(all).setProtectedHeader(header).sign(keys.privateKey);
}

/** How a client proves that it has the key (RFC 9449 section 4.2); undefined takes a member out. */
export async function aProof(keys: Pair, htm: string, htu: string, changes: ProofChanges): Promise<string> {
  const { token, claims = {}, header = {} } = changes;
  const ath = token === undefined ? {} : { ath: createHash('sha256').update(token).digest('base64url') };
  const all = { htm, htu, jti: randomUUID(), iat: now(), ...ath, ...claims };
  const jwk = await exportJWK(keys.publicKey);
  return new SignJWT(all).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }).sign(keys.privateKey);
}
