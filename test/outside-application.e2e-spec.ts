import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { attributeOf, Browse, type Visited } from './support/browse.js';
import { asAdmin } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { aClient } from './support/oauth.js';
import {
  begin,
  CALLBACK,
  CREDENTIALS,
  leaveBy,
  type OpenIdServer,
  signInBy,
  signInThere,
  startOpenId,
} from './support/outside.js';

const REDIRECT = 'https://app.example/callback';

let app: TestApp;
let idp: OpenIdServer;
let config: client.Configuration;

beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  idp = await startOpenId(`${url}${CALLBACK('sso')}`);
  const OIDC_PROVIDERS = JSON.stringify([{ name: 'sso', label: 'SSO', issuer: idp.url, ...CREDENTIALS }]);
  app = await startApp({ PORT: String(port), PUBLIC_URL: url, OIDC_PROVIDERS });
  const { id, secret } = await aClient(await asAdmin(app), {
    name: 'Photo printer',
    applicationType: 'web',
    tokenEndpointAuthMethod: 'client_secret_basic',
    grantTypes: ['authorization_code'],
    redirectUris: [REDIRECT],
    scopes: ['openid', 'email', 'data:read'],
  });
  const execute = [client.allowInsecureRequests];
  config = await client.discovery(new URL(`${app.url}/oauth`), id, secret, undefined, { execute });
});
afterAll(async () => {
  await app.stop();
  await idp.stop();
});

const verifier = client.randomPKCECodeVerifier();

/** An application sends the browser to us. */
async function sentBy(browser: Browse, parameters: Record<string, string> = {}): Promise<Visited> {
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: 'openid email data:read',
    code_challenge_method: 'S256',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    ...parameters,
  });
  return browser.get(url.href);
}

/** The same; answers the id of its request. */
async function askedBy(browser: Browse): Promise<string> {
  const login = await sentBy(browser);
  const uid = /\/start\?interaction=([\w-]+)"/.exec(login.html)?.[1];
  if (!uid) throw new Error(`there is no button on ${login.url}: ${login.html}`);
  expect(new URL(login.url).pathname).toBe(`/login/${uid}`);
  return uid;
}

describe('an application that waits', () => {
  it('gets a code for whoever signs in with others, and is not told that they had a password', async () => {
    const browser = new Browse(app.url);
    idp.person = { sub: 'for-an-application', email: aPerson().email, email_verified: true };
    const consent = await signInBy(browser, idp, 'sso', await askedBy(browser));
    expect(new URL(consent.url).pathname).toMatch(/^\/consent\//);
    const { location = '' } = await browser.submit({ decision: 'allow' });
    const tokens = await client.authorizationCodeGrant(config, new URL(location), { pkceCodeVerifier: verifier });
    expect(tokens.claims()).toMatchObject({ acr: 'aal1', amr: [] });
  });

  it('is gone back to by whoever did not want to sign in there', async () => {
    const browser = new Browse(app.url);
    const uid = await askedBy(browser);
    const asked = await begin(browser, 'sso', uid);
    const query = new URLSearchParams({
      error: 'access_denied',
      state: asked.searchParams.get('state') ?? '',
      iss: idp.url,
    });
    const page = await browser.get(`${CALLBACK('sso')}?${query.toString()}`);
    expect(new URL(page.url).pathname).toBe(`/login/${uid}`);
    expect(page.html).toContain('Photo printer');
  });

  it('is not served by a sign-in for another, nor by one in another browser', async () => {
    idp.person = { sub: 'for-another', email: aPerson().email, email_verified: true };
    const [one, other] = [new Browse(app.url), new Browse(app.url)];
    const [, theirs] = [await askedBy(one), await askedBy(other)];
    const page = await signInBy(one, idp, 'sso', theirs);
    expect(page.html).toContain('interaction_expired');
    const third = new Browse(app.url);
    const back = await signInThere(idp, await begin(third, 'sso', await askedBy(third)));
    // Followed by hand: what comes of it is brought to the page for nobody in particular.
    const cookie = `__Host-outside=${third.cookies().get('__Host-outside')?.value}`;
    const { pathname, search } = new URL(back);
    const proved = await app.call('GET', pathname + search, { headers: { cookie } });
    const after = String(proved.headers.get('set-cookie')).split(';')[0] ?? '';
    const answer = await app.call('GET', '/login/account/outside', { headers: { cookie: after } });
    expect([answer.status, answer.text.includes('outside_login_invalid')]).toEqual([400, true]);
  });
});

describe('an application that wants somebody asked again, who has no password', () => {
  const now = () => Math.floor(Date.now() / 1000);
  /** Where the one button on the page leads. */
  const button = ({ html }: Visited) =>
    attributeOf(/<a\b[^>]*providers\/sso[^>]*>/.exec(html)?.[0] ?? '', 'href') ?? '';
  const ANEW = ['prompt', 'max_age'];
  const asksOf = ({ searchParams }: URL) => ANEW.map((name) => searchParams.get(name));

  /** A browser in which somebody is signed in by the provider. */
  async function signedIn(): Promise<Browse> {
    const browser = new Browse(app.url);
    const { email } = aPerson();
    idp.person = { sub: `asked-again-${email}`, email, email_verified: true };
    await signInBy(browser, idp, 'sso');
    return browser;
  }

  it.each<Record<string, string>>([{ prompt: 'login' }, { max_age: '0' }])(
    'has them asked by the provider for %j',
    async (parameters) => {
      const browser = await signedIn();
      const page = await sentBy(browser, parameters);
      expect(new URL(page.url).pathname).toMatch(/^\/login\//);
      const asked = await leaveBy(browser, button(page));
      expect(asksOf(asked)).toEqual(['login', '0']);
      // As the provider says it, and not as our clock does.
      const askedAt = now() - 20;
      idp.person = { ...idp.person, askedAt };
      await browser.get(await signInThere(idp, asked));
      const { location = '' } = await browser.submit({ decision: 'allow' });
      const tokens = await client.authorizationCodeGrant(config, new URL(location), { pkceCodeVerifier: verifier });
      expect(tokens.claims()).toMatchObject({ auth_time: askedAt, amr: [] });
    },
  );

  it('is told no time that is still to come', async () => {
    const browser = await signedIn();
    const asked = await leaveBy(browser, button(await sentBy(browser, { prompt: 'login' })));
    idp.person = { ...idp.person, askedAt: now() + 3600 };
    await browser.get(await signInThere(idp, asked));
    const { location = '' } = await browser.submit({ decision: 'allow' });
    const tokens = await client.authorizationCodeGrant(config, new URL(location), { pkceCodeVerifier: verifier });
    expect(tokens.claims()?.['auth_time']).toBeLessThanOrEqual(now());
  });

  it('does not trouble those who come for the first time', async () => {
    const browser = new Browse(app.url);
    expect(asksOf(await leaveBy(browser, button(await sentBy(browser))))).toEqual([null, null]);
  });
});
