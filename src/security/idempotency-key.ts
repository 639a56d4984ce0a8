const LONGEST = 255;

/**
 * The key in an `Idempotency-Key` field: 1 to 255 visible ASCII characters, bare or as the structured-field string of the
 * IETF draft (RFC 9651, 3.3.3), which mean the same key. Null when it is anything else.
 */
export function parseIdempotencyKey(header: string): string | null {
  // Two characters for each, and the quotation marks: a longer field cannot be valid, and is not read.
  if (header.length > 2 * LONGEST + 2) return null;
  // A field sent twice arrives joined by a comma and a space: neither form takes it.
  const key = header.startsWith('"') ? unquote(header) : header;
  return key !== null && /^[\x21-\x7e]{1,255}$/.test(key) ? key : null;
}

function unquote(text: string): string | null {
  const match = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(text);
  return match?.[1]?.replace(/\\(["\\])/g, '$1') ?? null;
}
