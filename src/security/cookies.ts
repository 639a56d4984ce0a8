import type { FastifyReply, FastifyRequest } from 'fastify';

/** The one session of a browser. The prefix binds it to this very host: no neighbour can set it (RFC 6265bis, 4.1.3.2). */
export const SESSION_COOKIE = '__Host-session';
/** What ties a form to the browser it was shown in, also before anybody signs in. */
export const FORM_COOKIE = '__Host-form';

/** The authorization request that waits, on the paths on which it is answered. */
export const INTERACTION_COOKIE = '__Secure-interaction';

/** A sign-in by somebody else that has begun in this browser, sealed. */
export const OUTSIDE_COOKIE = '__Host-outside';

/** The value of a cookie, or undefined; of two of one name none, because the browser did not mean both. */
export function cookieOf({ headers }: FastifyRequest, name: string): string | undefined {
  const values = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 && values[0] !== '' ? values[0] : undefined;
}

/** Not for scripts, not over an open line, not with a request that another site begins, save a link that was followed. */
export function setCookie(reply: FastifyReply, name: string, value: string, seconds: number): void {
  void reply.header('set-cookie', `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`);
}
