/** The strong entity tag of a version: 7 is `"7"` (RFC 9110, 8.8.3). A RangeError for what is no version. */
export function formatEtag(version: number): string {
  if (!Number.isSafeInteger(version) || version < 0) throw new RangeError('a version is a whole number');
  return `"${version}"`;
}

// Whether a list of entity tags names the current one; one that cannot be read names none. A single pass: [W/]"..." with OWS
// and commas between, empty elements allowed (RFC 9110, 5.6.1.2), while a tag itself may hold commas.
function names(header: string, current: string, weakToo: boolean): boolean {
  const element = /[\t ]*(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[\t ]*)?(?:,|$)/y;
  let found = false;
  while (element.lastIndex < header.length) {
    const match = element.exec(header);
    if (match === null) return false;
    const [, weak, tag] = match;
    if (tag === current && (weakToo || weak === undefined)) found = true;
  }
  return found;
}

const isAny = (header: string) => /^[\t ]*\*[\t ]*$/.test(header);

/**
 * `If-Match` by strong comparison (RFC 9110, 13.1.1), `current` being a strong tag: `*` matches what exists, a weak tag
 * never. A field that cannot be read is a mismatch, because the change it was to protect must not happen.
 */
export function ifMatch(header: string | undefined, current: string): 'absent' | 'match' | 'mismatch' {
  if (header === undefined) return 'absent';
  return header === current || isAny(header) || names(header, current, false) ? 'match' : 'mismatch';
}

/**
 * Whether `If-None-Match` names the current tag by weak comparison (RFC 9110, 13.1.2), so that the answer is 304: `*` does,
 * an absent field or one that cannot be read does not.
 */
export function ifNoneMatch(header: string | undefined, current: string): boolean {
  return header !== undefined && (header === current || isAny(header) || names(header, current, true));
}
