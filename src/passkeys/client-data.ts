/** What a browser has seen (WebAuthn section 5.8.1), as far as it decides something. */
export interface ClientData {
  readonly challenge: string;
  readonly origin: string;
}

/** 256 bits in base64url: nothing else was ever given out, and nothing else is looked for. */
const CHALLENGE = /^[\w-]{43}$/;

/**
 * Reads `clientDataJSON`, base64url of JSON. Null for another ceremony, for a page in somebody else's frame (section 13.4.9), and
 * for what no browser writes.
 */
export function readClientData(text: string, type: 'webauthn.create' | 'webauthn.get'): ClientData | null {
  const data = parse(text);
  if (typeof data !== 'object' || data === null) return null;
  const { challenge, origin, crossOrigin, topOrigin, ...rest } = data as Record<string, unknown>;
  if (rest['type'] !== type || typeof origin !== 'string') return null;
  if (typeof challenge !== 'string' || !CHALLENGE.test(challenge)) return null;
  if ((crossOrigin !== undefined && crossOrigin !== false) || topOrigin !== undefined) return null;
  return { challenge, origin };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'base64url')));
  } catch {
    return null;
  }
}
