import { randomBytes } from 'node:crypto';
import { startApp, type TestApp } from './app.js';
import type { Browse, Visited } from './browse.js';
import type { Call, RequestOptions, Answer } from './http.js';
import { freePort } from '../../scripts/lib/network.mjs';

/** What whoever registers a client shows. */
export const INITIAL_TOKEN = randomBytes(32).toString('base64url');
export const CALLBACK = 'https://app.example/callback';

/** A server that takes registrations, at the address that it says of itself, which believes what it is told of who calls. */
export async function startRegistrar(settings: NodeJS.ProcessEnv = {}): Promise<TestApp> {
  const port = await freePort();
  return startApp({
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    TRUSTED_PROXIES: '127.0.0.1',
    OAUTH_REGISTRATION_TOKEN: INITIAL_TOKEN,
    ...settings,
  });
}

let callers = 0;

/** Another address each time: what one address may do is counted. */
export const fromElsewhere = (): Record<string, string> => {
  callers += 1;
  return { 'x-forwarded-for': `198.18.${callers >> 8}.${callers & 255}` };
};

/** A registration with the token, from an address of its own, unless something else is said. */
export function register(call: Call, json?: unknown, options: RequestOptions = {}): Promise<Answer> {
  const { headers, ...others } = options;
  const sent = { ...fromElsewhere(), ...headers };
  return call('POST', '/oauth/register', { token: INITIAL_TOKEN, json, ...others, headers: sent });
}

/** An authorization request of a client, as a link. */
export const linkFor = (id: string, scope: string, changes: Record<string, string> = {}): string =>
  `/oauth/authorize?${new URLSearchParams({
    client_id: id,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope,
    code_challenge: randomBytes(32).toString('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  }).toString()}`;

/** The consent page of a client, for a person who signs in for it. */
export async function consentPageOf(
  browser: Browse,
  link: string,
  { email, password }: { email: string; password: string },
): Promise<Visited> {
  const page = await browser.get(link);
  return /name="password"/.test(page.html) ? browser.submit({ email, password }) : page;
}
