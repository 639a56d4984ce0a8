import { createHash, randomBytes } from 'node:crypto';
import { freePort } from '../../scripts/lib/network.mjs';
import { startApp, type TestApp } from './app.js';
import { Browse } from './browse.js';
import { asUser, type TestCaller } from './callers.js';
import type { Answer } from './http.js';
import { aClient, post, type TestClient } from './oauth.js';

/** Where a browser can go, and applications can call. */
export type Site = Pick<TestApp, 'url' | 'call' | 'db'>;

export const REDIRECT = 'https://app.example/callback';

/** The application where it says it is: browsers are sent to its public address. */
export async function startOAuth(settings: NodeJS.ProcessEnv = {}): Promise<TestApp> {
  const port = await freePort();
  return startApp({ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}`, ...settings });
}

/** An application for people, with a secret unless the changes say otherwise. */
export const aWebClient = (owner: TestCaller, overrides: Record<string, unknown> = {}): Promise<TestClient> =>
  aClient(owner, {
    name: 'Photo printer',
    grantTypes: ['authorization_code', 'refresh_token'],
    redirectUris: [REDIRECT],
    scopes: ['openid', 'profile', 'email', 'data:read', 'data:write'],
    ...overrides,
  });

export const aPublicClient = (owner: TestCaller, overrides: Record<string, unknown> = {}): Promise<TestClient> =>
  aWebClient(owner, { tokenEndpointAuthMethod: 'none', ...overrides });

export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

/** Somebody who allows what they are asked, in a browser of theirs. */
export class Person {
  readonly browser: Browse;

  constructor(
    readonly app: Site,
    readonly caller: TestCaller,
  ) {
    this.browser = new Browse(app.url);
  }

  /** The parameters that the application is called back with. */
  async authorize(client: TestClient, params: Record<string, string> = {}): Promise<URLSearchParams> {
    const { browser, caller } = this;
    const { email, password } = caller;
    let page = await browser.get(authorizationPath(client, params));
    if (page.url.includes('/login/')) page = await browser.submit({ email, password });
    if (page.url.includes('/consent/')) page = await browser.submit({ decision: 'allow' });
    if (!page.location) throw new Error(`not called back: ${page.status} ${page.url} ${page.html.slice(0, 400)}`);
    return new URL(page.location).searchParams;
  }

  /** A code, and what it is exchanged with. */
  async code(client: TestClient, params: Record<string, string> = {}): Promise<Record<string, string>> {
    const verifier = randomBytes(32).toString('base64url');
    const back = await this.authorize(client, { code_challenge: challengeOf(verifier), ...params });
    const code = back.get('code');
    if (!code) throw new Error(`no code: ${back.toString()}`);
    return { ...redemption(client, code, params['redirect_uri']), code_verifier: verifier };
  }

  /** The tokens of a code. */
  async tokens(client: TestClient, params: Record<string, string> = {}): Promise<Answer['body']> {
    const { status, body } = await post(this.app, 'token', await this.code(client, params), client);
    if (status !== 200) throw new Error(`no tokens: ${status} ${JSON.stringify(body)}`);
    return body;
  }
}

export const aPersonAt = async (app: Site, roles?: string[]): Promise<Person> =>
  new Person(app, await asUser(app, roles));

/** A good authorization request, but for these changes. An empty value takes a parameter away. */
export function authorizationPath(client: TestClient, params: Record<string, string> = {}): string {
  const all = {
    client_id: client.id,
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'openid data:read',
    state: 'of the application',
    code_challenge: challengeOf('v'.repeat(43)),
    code_challenge_method: 'S256',
    ...params,
  };
  return `/oauth/authorize?${new URLSearchParams(Object.entries(all).filter(([, value]) => value !== '')).toString()}`;
}

const redemption = ({ id }: TestClient, code: string, redirect_uri = REDIRECT) => ({
  grant_type: 'authorization_code',
  client_id: id,
  code,
  redirect_uri,
});

/** Exchanges a refresh token. */
export const refresh = (app: Pick<TestApp, 'call'>, client: TestClient, refresh_token: string): Promise<Answer> =>
  post(app, 'token', { grant_type: 'refresh_token', client_id: client.id, refresh_token }, client);
