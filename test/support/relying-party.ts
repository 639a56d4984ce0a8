import * as client from 'openid-client';
import { freePort } from '../../scripts/lib/network.mjs';
import { startApp, type TestApp } from './app.js';
import { Browse, type Visited } from './browse.js';
import type { TestCaller } from './callers.js';
import { aClient, type TestClient } from './oauth.js';

export const REDIRECT = 'https://app.example/callback';
export const AFTER_LOGOUT = 'https://app.example/bye';

/** The application at an address that is known before it starts: that of its issuer. */
export async function startIssuer<App extends TestApp = TestApp>(
  settings: NodeJS.ProcessEnv = {},
  host = '127.0.0.1',
  start: (settings: NodeJS.ProcessEnv) => Promise<App> = startApp as never,
): Promise<App> {
  const port = await freePort();
  const url = `http://${host}:${port}`;
  return { ...(await start({ PORT: String(port), PUBLIC_URL: url, ...settings })), url };
}

/** An authorization request, and what shows that an answer is to it. */
export interface Begun {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

export type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers;
type Parameters = Record<string, string>;

/** An application of somebody else that signs people in here, by a certified client library. */
export class RelyingParty {
  private constructor(
    readonly registered: TestClient,
    readonly config: client.Configuration,
    private readonly redirectUri: string,
  ) {}

  /** Registers one and reads the discovery document: a web application with a secret unless told otherwise. */
  static async of(
    app: Pick<TestApp, 'url'>,
    owner: TestCaller,
    overrides: Record<string, unknown> = {},
  ): Promise<RelyingParty> {
    const registration: Record<string, unknown> & { redirectUris?: string[] } = {
      name: 'Photo printer',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: [REDIRECT],
      postLogoutRedirectUris: [AFTER_LOGOUT],
      scopes: ['openid', 'profile', 'email', 'offline_access', 'data:read', 'data:write'],
      ...overrides,
    };
    const registered = await aClient(owner, registration);
    const issuer = new URL(`${app.url}/oauth`);
    const authentication = registered.secret === undefined ? client.None() : undefined;
    const config = await client.discovery(issuer, registered.id, registered.secret, authentication, {
      execute: [client.allowInsecureRequests],
    });
    return new RelyingParty(registered, config, registration.redirectUris?.[0] ?? '');
  }

  async begin(parameters: Parameters = {}): Promise<Begun> {
    const { verifier, ...rest } = await this.ask(parameters);
    return { url: client.buildAuthorizationUrl(this.config, rest.request).href, verifier, ...rest };
  }

  /** The same, with the parameters sent ahead (RFC 9126). */
  async beginPushed(parameters: Parameters = {}): Promise<Begun> {
    const { verifier, ...rest } = await this.ask(parameters);
    const url = await client.buildAuthorizationUrlWithPAR(this.config, rest.request);
    return { url: url.href, verifier, ...rest };
  }

  /** Tokens for the code in the address that the browser was sent to. Throws what the address says went wrong. */
  finish({ verifier, state, nonce }: Begun, location: string | undefined): Promise<Tokens> {
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
    return client.authorizationCodeGrant(this.config, new URL(location ?? ''), checks);
  }

  refresh({ refresh_token }: Pick<Tokens, 'refresh_token'>): Promise<Tokens> {
    return client.refreshTokenGrant(this.config, refresh_token ?? '');
  }

  userinfo({ access_token }: Pick<Tokens, 'access_token'>, sub: string) {
    return client.fetchUserInfo(this.config, access_token, sub);
  }

  private async ask(parameters: Parameters) {
    const verifier = client.randomPKCECodeVerifier();
    const [state, nonce] = [client.randomState(), client.randomNonce()];
    const request = {
      redirect_uri: this.redirectUri,
      scope: 'openid data:read',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...parameters,
    };
    return { request, verifier, state, nonce };
  }
}

type Person = Pick<TestCaller, 'email' | 'password'>;

/** A browser in which this person signs in for a request: it stands at the consent. */
export async function signInFor(app: Pick<TestApp, 'url'>, url: string, person: Person): Promise<Browse> {
  const browser = new Browse(app.url);
  await browser.get(url);
  await browser.submit({ email: person.email, password: person.password });
  return browser;
}

/** A browser in which this person looks at their account. */
export async function signInTo(app: Pick<TestApp, 'url'>, { email, password }: Person): Promise<Browse> {
  const browser = new Browse(app.url);
  await browser.get('/login');
  const page = await browser.submit({ email, password });
  if (page.status !== 200 || !page.url.endsWith('/account'))
    throw new Error(`not signed in: ${page.status} ${page.url}`);
  return browser;
}

/** Everything from the request to the tokens, with what is ticked and asked for allowed. */
export async function connect(
  app: Pick<TestApp, 'url'>,
  party: RelyingParty,
  person: Person,
  parameters: Parameters = {},
): Promise<{ browser: Browse; tokens: Tokens }> {
  const begun = await party.begin(parameters);
  const browser = await signInFor(app, begun.url, person);
  const { location } = await browser.submit({ decision: 'allow' });
  return { browser, tokens: await party.finish(begun, location) };
}

/** What an address says that a browser was sent to. */
export const answerIn = ({ location }: Visited): Record<string, string> =>
  location === undefined ? {} : Object.fromEntries(new URL(location).searchParams);

/** The path of a page, without what is different each time. */
export const placeOf = ({ url }: Visited): string => new URL(url).pathname.replace(/[\w-]{20,}/, ':uid');
