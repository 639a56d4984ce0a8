/** As the backend sends them without TLS. */
export const HEADERS = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none';base-uri 'none';form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
} as const;

export const JSON_TYPE = 'application/json; charset=utf-8';

const SINGLE = new Set(['host', 'content-type', 'content-encoding']);
const isSingle = (name: string): boolean =>
  (name.length === 4 || name.length === 12 || name.length === 16) && SINGLE.has(name.toLowerCase());

/** What a proxy could read another way (RFC 9112 sections 3.2 and 6.1): one Host, one type, no coding but chunked. */
export function isUnambiguous(
  rawHeaders: readonly string[],
  version: string,
  coding: string | undefined,
  host: string | undefined,
): boolean {
  let seen = '';
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!isSingle(name)) continue;
    const mark = `${name.toLowerCase()};`;
    if (seen.includes(mark)) return false;
    seen += mark;
  }
  if (version === '1.0') return coding === undefined;
  return version === '1.1' && host !== undefined && (coding === undefined || coding.toLowerCase() === 'chunked');
}

const isAny = (field: string): boolean => /^[\t ]*\*[\t ]*$/.test(field);

/** Whether a list of entity tags names this one (RFC 9110 section 13.1); one that cannot be read names none. */
export function namesTag(field: string, tag: string, weakToo: boolean): boolean {
  if (field === tag || isAny(field)) return true;
  const element = /[\t ]*(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[\t ]*)?(?:,|$)/y;
  let found = false;
  while (element.lastIndex < field.length) {
    const match = element.exec(field);
    if (!match) return false;
    if (match[2] === tag && (weakToo || match[1] === undefined)) found = true;
  }
  return found;
}
