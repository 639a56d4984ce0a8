import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

export type Headers = Readonly<Record<string, string>>;

const YEAR = 31_536_000;

/**
 * The headers of every answer. Helmet decides them once at start: they do not depend on the request, so no request pays.
 * JSON needs no script, style, frame or form: the policy allows nothing (ASVS 3.4).
 */
export function securityHeaders(https: boolean): Headers {
  return collect({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
    },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: https ? { maxAge: YEAR, includeSubDomains: true } : false,
  });
}

/** The policy of a page that runs its own scripts and styles and nothing of anybody else's. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The policy of a page with forms, whose scripts and styles are files of ours: nothing inline runs. A browser may apply
 * `form-action` to every redirect that follows a post as well (Chromium does), and a consent ends at the client's address: such
 * pages name the redirect URI that the request was checked against. What that address itself redirects to counts too.
 */
export function formPagePolicy(...targets: string[]): string {
  const sources = new Set(["'self'", ...targets.map(formTarget)]);
  return (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
    `form-action ${[...sources].join(' ')}; frame-ancestors 'none'`
  );
}

/** What such a page is answered with. */
export const pageHeaders = (...targets: string[]) => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': formPagePolicy(...targets),
  // Under `no-referrer` a form would come with `Origin: null`, as one of a stranger may.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
});

/** The policy of a page that is nothing but a form, which the one script in it sends on (OAuth 2.0 Form Post Response Mode). */
export const sentOnPolicy = (script: string, target: string): string =>
  `default-src 'none'; script-src 'sha256-${hash('sha256', script, 'base64')}'; base-uri 'none'; ` +
  `form-action ${formTarget(target)}; frame-ancestors 'none'`;

const NAME = /^[a-z0-9.-]+$/;

/**
 * An origin where there is one; the scheme of an application on a device, and where a policy has no word for the host. A host
 * may hold a semicolon (WHATWG URL, forbidden domain code points), which would begin the next directive.
 */
function formTarget(uri: string): string {
  const { protocol, origin, hostname } = new URL(uri);
  return (protocol === 'https:' || protocol === 'http:') && NAME.test(hostname) ? origin : protocol;
}

function collect(options: Parameters<typeof helmet>[0]): Headers {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: () => undefined,
  };
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error) throw error;
  });
  return headers;
}
