import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import type { TestApp } from './app.js';
import { Browse, type Visited } from './browse.js';

/** A person as a provider knows them. */
export interface Person {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: unknown;
  readonly name?: string;
  /** When they were last asked there who they are, in seconds since the epoch: now, unless told otherwise. */
  readonly askedAt?: number;
}

/** What every provider of these tests knows us by. */
export const CREDENTIALS = { clientId: 'rampart', clientSecret: 'a-secret-of-some-length-for-tests' };

export interface TestServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** A server on loopback, on a port of its own or on one that was taken before. */
export async function serve(
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
  port = 0,
): Promise<TestServer> {
  const server: Server = createServer((request, response) => void handler(request, response));
  await new Promise<void>((done) => void server.listen(port, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

export interface OpenIdServer extends TestServer {
  /** Who is signed in there; nobody has to type anything. */
  person: Person;
  /** Whether their claims are in the ID token, or only where the access token leads to. */
  readonly isTalkative: boolean;
}

/** A certified OpenID provider of somebody else's. */
export async function startOpenId(redirectUri: string, { isTalkative = true, port = 0 } = {}): Promise<OpenIdServer> {
  let provider: Provider | undefined;
  const server = await serve((request, response) => {
    if (request.url?.startsWith('/interaction/')) return finish(request, response);
    return provider?.callback()(request, response);
  }, port);
  const idp: OpenIdServer = { ...server, isTalkative, person: { sub: 'nobody' } };
  provider = new Provider(server.url, configurationOf(idp, redirectUri));
  const finish = async (request: IncomingMessage, response: ServerResponse) => {
    const { sub: accountId, askedAt: ts } = idp.person;
    const result = { login: { accountId, remember: false, ...(ts && { ts }) } };
    await provider?.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  };
  return idp;
}

type Configuration = NonNullable<ConstructorParameters<typeof Provider>[1]>;

function configurationOf(idp: OpenIdServer, redirectUri: string): Configuration {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    clients: [
      { client_id: CREDENTIALS.clientId, client_secret: CREDENTIALS.clientSecret, redirect_uris: [redirectUri] },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'one' }] },
    cookies: { keys: ['a-key-of-a-test'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: !idp.isTalkative,
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    findAccount: (_ctx, accountId) => ({ accountId, claims: async () => ({ ...idp.person, sub: accountId }) }),
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ accountId: oidc.session?.accountId, clientId: oidc.client?.clientId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  };
}

export const START = (name: string): string => `/api/v1/auth/providers/${name}/start`;
export const CALLBACK = (name: string): string => `/api/v1/auth/providers/${name}/callback`;

/** Where our button leads, out of our pages. */
export async function begin(browser: Browse, name: string, interaction?: string): Promise<URL> {
  const query = interaction === undefined ? '' : `?interaction=${interaction}`;
  return leaveBy(browser, `${START(name)}${query}`);
}

/** The same by the address of a button. */
export async function leaveBy(browser: Browse, href: string): Promise<URL> {
  const { status, location, html } = await browser.get(href);
  if (status !== 303 || !location) throw new Error(`nobody was sent away: ${status} ${html}`);
  return new URL(location);
}

/** Signs in there as whoever is, and answers where the provider sends the browser back to. */
export async function signInThere(idp: TestServer, asked: URL): Promise<string> {
  const { location, html, status } = await new Browse(idp.url).get(asked.href);
  if (!location) throw new Error(`nobody was sent back: ${status} ${html}`);
  return location;
}

/** The whole way, from our button to our page. */
export async function signInBy(browser: Browse, idp: TestServer, name: string, interaction?: string): Promise<Visited> {
  return browser.get(await signInThere(idp, await begin(browser, name, interaction)));
}

/** The rows of everybody with this address, with what they are linked to. */
export const peopleWith = ({ db }: Pick<TestApp, 'db'>, email: string) =>
  db.query<{ id: string; verified: boolean; subject: string | null; hasPassword: boolean }>(
    `SELECT u.id, u.email_verified_at IS NOT NULL AS verified, o.subject, p.user_id IS NOT NULL AS "hasPassword"
     FROM users u LEFT JOIN outside_accounts o ON o.user_id = u.id LEFT JOIN passwords p ON p.user_id = u.id
     WHERE u.email_key = lower($1)`,
    [email],
  );
