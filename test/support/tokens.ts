import { createPrivateKey, createPublicKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { SigningAlgorithm } from '../../src/config/signing-key.js';
import { deriveKey, Sealer } from '../../src/security/sealing.js';
import type { TestApp } from './app.js';
import { claimsOf, type TestCaller } from './callers.js';

/** What is different from a good token. An object is merged, a text replaces the whole part as it stands. */
export interface Forgery {
  readonly header?: object | string;
  readonly claims?: object | string;
  readonly key?: KeyObject;
  /** The signature over `<header>.<payload>`, in place of ES256 with the key. */
  readonly signature?: (input: string) => Buffer;
}

/** The keys of the application and a session of a person: everything a good token is made of. */
export interface Forger {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** A token as the application would sign it for this session, but for what is changed. */
  token(forgery?: Forgery): string;
}

/** The key that signs with an algorithm, opened as only the owner of the secret key can. */
export async function signingKeyOf(
  { db, settings }: Pick<TestApp, 'db' | 'settings'>,
  algorithm: SigningAlgorithm,
): Promise<{ kid: string; key: KeyObject }> {
  const [row] = await db.query<{ kid: string; sealed: Buffer }>(
    `SELECT kid, sealed_private AS sealed FROM signing_keys WHERE retired_at IS NULL AND algorithm = $1`,
    [algorithm],
  );
  if (!row) throw new Error('there is no signing key');
  const der = sealerOf(settings).open(row.sealed, row.kid);
  return { kid: row.kid, key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
}

/** Forges with the key that signs access tokens now. */
export async function forgerOf(app: TestApp, caller: TestCaller): Promise<Forger> {
  const { kid, key: privateKey } = await signingKeyOf(app, 'ES256');
  const header = { alg: 'ES256', typ: 'at+jwt', kid };
  const issued = claimsOf(caller.token);
  return {
    kid,
    privateKey,
    publicKey: createPublicKey(privateKey),
    header,
    claims: issued,
    token({ header: h = {}, claims: c = {}, key = privateKey, signature = es256With(key) } = {}) {
      const claims = typeof c === 'string' ? c : { ...issued, jti: randomUUID(), ...c };
      const input = `${encoded(typeof h === 'string' ? h : { ...header, ...h })}.${encoded(claims)}`;
      return `${input}.${signature(input).toString('base64url')}`;
    },
  };
}

/** The person in the same session, as just after a step-up. */
export async function asSteppedUp(app: TestApp, person: TestCaller): Promise<TestCaller> {
  const claims = { acr: 'aal2', auth_time: Math.floor(Date.now() / 1000) };
  const token = (await forgerOf(app, person)).token({ claims });
  return { ...person, token, call: (method, path, options = {}) => app.call(method, path, { token, ...options }) };
}

/** Stores a signing key as the application would, good until a time that may be over. */
export async function storeKey(
  { db, settings }: Pick<TestApp, 'db' | 'settings'>,
  kid: string,
  key: KeyObject,
  retiredAt: Date,
  algorithm: SigningAlgorithm = 'ES256',
): Promise<void> {
  const jwk = { ...createPublicKey(key).export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' };
  const sealed = sealerOf(settings).seal(key.export({ format: 'der', type: 'pkcs8' }), kid);
  await db.query(
    `INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private, active_from, retired_at)
     VALUES ($1, $2, $3, $4, now() - interval '1 hour', $5)`,
    [kid, algorithm, JSON.stringify(jwk), sealed, retiredAt],
  );
}

const sealerOf = ({ SECRET_KEY = '' }: NodeJS.ProcessEnv): Sealer => new Sealer(deriveKey(SECRET_KEY, 'signing keys'));

/** ES256 as JWS has it: r and s side by side, 32 bytes each (RFC 7518, 3.4). */
export const es256 = (input: string, key: KeyObject): Buffer =>
  sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });

const es256With = (key: KeyObject) => (input: string) => es256(input, key);

/** Base64url of a text or of an object as JSON, where members that are undefined go. */
export const encoded = (part: object | string): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
