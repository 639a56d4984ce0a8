import type { Limit } from '../config/limits.js';
import type { WindowState } from './counter-storage.js';

/** What a limit says of itself in the fields: it is said in every answer. */
interface Said {
  readonly name: string;
  readonly quoted: string;
  readonly policy: string;
}

const said = new WeakMap<Limit, Said>();

function memberOf({ name, limit }: WindowState): Said {
  const known = said.get(limit);
  if (known?.name === name) return known;
  const quoted = quote(name);
  const member = { name, quoted, policy: `${quoted};q=${limit.max};w=${limit.seconds}` };
  said.set(limit, member);
  return member;
}

// A structured-field string (RFC 9651, 3.3.3) holds printable ASCII alone; serialisation of anything else must fail (4.1.6).
function quote(name: string): string {
  if (/^[\w.-]+$/.test(name)) return `"${name}"`;
  if (!/^[\x20-\x7e]*$/.test(name)) throw new RangeError('the name of a limit must be printable ASCII');
  return `"${name.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers: each quota `q` and its window `w` in seconds. Names must be
 * unique in the list. A RangeError for a name no field can hold; the empty text for no windows, which is no field.
 */
export function rateLimitPolicy(windows: readonly WindowState[]): string {
  let field = '';
  for (const window of windows) field += (field && ', ') + memberOf(window).policy;
  return field;
}

/** `RateLimit` of the same draft: what remains as `r`, and as `t` the seconds until the whole quota is there again. */
export function rateLimit(windows: readonly WindowState[]): string {
  let field = '';
  for (const window of windows) {
    field += `${field && ', '}${memberOf(window).quoted};r=${window.remaining};t=${window.resetSeconds}`;
  }
  return field;
}
