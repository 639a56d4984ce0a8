import type { ApplicationType } from './oauth-client.entity.js';

/** RFC 3986 section 2, without the fragment's `#` and without `*`, which somebody would take for a wildcard. */
const CHARACTERS = /^(?:[\w.~:/?[\]@!$&'()+,;=-]|%[\dA-Fa-f]{2})+$/;
/** What can only mean the device itself (RFC 8252 sections 7.3 and 8.3). */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);
/** A domain of the app's maker in reverse, and one slash: such a scheme has no naming authority (RFC 8252 section 7.1). */
const PRIVATE_USE = /^[a-z][a-z\d+-]*(?:\.[a-z\d+-]+)+:\/(?!\/)/;
/** So much of a client's own text is repeated in a refusal. */
const SHOWN = 200;

/**
 * What is wrong with a redirect URI, as the rest of a sentence, or null. It is compared as text (RFC 9700 section 4.1.3), so it has to be
 * written as every URL parser would write it: two spellings of one address, or two addresses in one spelling, are how codes get lost.
 */
export function uriFault(uri: string, type: ApplicationType): string | null {
  if (uri.includes('#')) return 'has a fragment';
  if (!CHARACTERS.test(uri)) return 'has a character that no URI has, or a wildcard';
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (!url) return 'is no absolute URI';
  if (url.username !== '' || url.password !== '') return 'has a user or a password';
  if (url.href !== uri)
    return `has to be written ${url.href.length <= SHOWN ? url.href : 'as a browser would write it'}`;
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname))) return null;
  if (url.protocol === 'http:') return 'is not encrypted, and not 127.0.0.1, [::1] or localhost';
  if (type === 'web') return 'is neither https nor http on this machine';
  return PRIVATE_USE.test(uri)
    ? null
    : 'is neither https, nor http on this machine, nor like com.example.app:/callback';
}
