import type { ConfigOf } from '../config/namespace.js';
import type { passkeysConfig } from '../config/passkeys.config.js';
import { Problem } from '../errors/problem.js';

/** Loaded when somebody first needs it: with all its certificates it weighs more than what serves a record. */
export const library = () => import('@simplewebauthn/server');

/** ES256, EdDSA and RS256 (RFC 9053, RFC 8812): every authenticator has one of them. */
export const ALGORITHMS = [-7, -8, -257];

/** The domain that passkeys belong to. Throws 503 `passkeys_unavailable` where there is none. */
export function relyingPartyId({ id }: Pick<ConfigOf<typeof passkeysConfig>, 'id'>): string {
  if (id === null) throw new Problem('passkeys_unavailable');
  return id;
}

/** The user handle: random, the same for ever, and not what the person is called (WebAuthn section 14.6.1). */
export const userHandleOf = (userId: string): Buffer => Buffer.from(userId.replaceAll('-', ''), 'hex');

/** The bytes in the type that the library asks for. */
export const bytesOf = (bytes: Buffer | string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(typeof bytes === 'string' ? Buffer.from(bytes, 'base64url') : bytes);
