import type { SigningAlgorithm } from '../../src/config/signing-key.js';
import type { Call } from './http.js';

/** The key that a token says it is signed with. */
export function kidOf(token: string): string {
  const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
  return header.kid;
}

/** The keys of an algorithm that an instance publishes, the oldest first; no member of any is private. */
export async function publishedKids(call: Call, algorithm: SigningAlgorithm = 'ES256'): Promise<string[]> {
  const { body } = await call('GET', '/.well-known/jwks.json');
  const keys = body.keys as Record<string, unknown>[];
  if (keys.some((key) => 'd' in key)) throw new Error('a private key is published');
  return keys.filter(({ alg }) => alg === algorithm).map(({ kid }) => String(kid));
}
