import type { CustomFetch } from 'openid-client';
import { Problem } from '../errors/problem.js';

/** Of one question, in seconds. */
export const TIMEOUT = 5;
/** More than any provider says of itself, of its keys, or of a person. */
const LARGEST_BYTES = 262_144;
const TOO_MANY_REQUESTS = 429;
/** RFC 9110: answers that never have a body. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Asks a provider. No redirect is followed, which could carry a secret to somebody else; the answer is read to its end within the time
 * that the caller's signal leaves, and is bounded. Throws 503 `provider_unavailable` for who does not answer, or cannot.
 */
export const boundedFetch: CustomFetch = async (url, options) => {
  try {
    const response = await fetch(url, { ...options, redirect: 'manual' });
    const body = await readBounded(response);
    const { status, headers } = response;
    if (status >= 500 || status === TOO_MANY_REQUESTS) throw new Error(`the provider answered ${status}`);
    return new Response(WITHOUT_BODY.has(status) ? null : body, { status, headers });
  } catch (cause) {
    throw new Problem('provider_unavailable', { cause });
  }
};

async function readBounded({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    // What is left of it is not read: leaving the loop cancels the stream.
    if (size > LARGEST_BYTES) throw new Error(`the provider answered with more than ${LARGEST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
