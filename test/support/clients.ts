import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import type { TestCaller } from './callers.js';
import { aClient } from './factories.js';

export const CLIENTS = '/api/v1/oauth-clients';

type PublicKey = JsonWebKey & { kid: string };

/** A P-256 public key, as a client registers it. */
export function aPublicKey(members: Partial<PublicKey> = {}): PublicKey {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...publicKey.export({ format: 'jwk' }), kid: 'first', ...members };
}

/** A client that signs with a key of its own. */
export const aSigningClient = (overrides: Record<string, unknown> = {}) =>
  aClient({ tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [aPublicKey()] }, ...overrides });

/** A client that acts for itself, as only an administrator makes them. */
export const aMachine = (overrides: Record<string, unknown> = {}) =>
  aClient({ redirectUris: undefined, grantTypes: ['client_credentials'], scopes: ['data:read'], ...overrides });

/** Registers a client; an answer that is no success is thrown. */
export async function withClient(owner: Pick<TestCaller, 'call'>, json: object = aClient()) {
  const { status, body } = await owner.call('POST', CLIENTS, { json });
  if (status !== 201) throw new Error(`the client was not made: ${status} ${JSON.stringify(body)}`);
  const { clientSecret, ...view } = body as { id: string; clientSecret: string; [member: string]: unknown };
  return { id: view.id, secret: clientSecret, view };
}
