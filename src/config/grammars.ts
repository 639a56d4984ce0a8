import { isIP } from 'node:net';
import { parseCidrs } from './address.js';
import { url } from './variable.js';

/** An origin as browsers send it (RFC 6454): scheme, host, port, no path; `*` is possible only without credentials. */
export function origin(value: string): string {
  if (value === '*') return value;
  const { origin: canonical } = url(value, ['https:', 'http:']);
  if (canonical !== value) throw new RangeError('each must be an origin such as https://app.example.com');
  return canonical;
}

/** An address or a network. */
export function proxy(value: string): string {
  parseCidrs([value]);
  return value;
}

/** An origin, with the scheme that clients use. */
export const publicUrl = (value: string): string => {
  const { origin: canonical, href } = url(value, ['https:', 'http:']);
  if (href !== `${canonical}/`)
    throw new RangeError('must be an origin such as https://api.example.com, without a path');
  return canonical;
};

/** RFC 9116, section 2.5.3: a URI. */
export function contact(value: string): string {
  const { protocol = '', href = '' } = URL.canParse(value) ? new URL(value) : {};
  if (!['https:', 'mailto:', 'tel:'].includes(protocol)) {
    throw new RangeError('must be a URI such as mailto:security@example.com');
  }
  return href;
}

/** An address, or a name with one: `Example <no-reply@example.com>`. */
export function sender(value: string): string {
  if (!/^(?:[^<>\r\n]* <)?[^\s<>@]+@[^\s<>@]+>?$/.test(value)) {
    throw new RangeError('must be an address such as no-reply@example.com');
  }
  return value;
}

/** A URL whose path ends with a slash, because a part of a hash follows it. */
export function rangeApi(value: string): string {
  const { href } = url(value, ['https:', 'http:']);
  if (!href.endsWith('/')) throw new RangeError('must end with a slash, as https://api.pwnedpasswords.com/range/');
  return href;
}

/** A domain as browsers compare it: lower case, A-labels, no address (WebAuthn section 5.1.2, RFC 5890). */
export function relyingPartyId(value: string): string {
  const isDomain = /^(?!.{254})[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/.test(
    value,
  );
  // A URL is asked as well: to a browser 10.1 and 0x7f.1 are addresses.
  const { hostname = '' } = URL.canParse(`https://${value}`) ? new URL(`https://${value}`) : {};
  if (!isDomain || hostname !== value || isIP(value) !== 0) {
    throw new RangeError('must be a domain such as example.com, in lower case, and no address');
  }
  return value;
}

/** The origin of a page in which a browser offers passkeys at all: a secure context. */
export function passkeyOrigin(value: string): string {
  const canonical = value === '*' ? '' : origin(value);
  const { protocol = '', hostname = '' } = canonical ? new URL(canonical) : {};
  if (protocol === 'https:' || hostname === 'localhost') return canonical;
  throw new RangeError('each must be an https origin such as https://app.example.com, or one of localhost');
}
