import { generateKeyPairSync } from 'node:crypto';
import { importPKCS8, type JWK } from 'jose';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, type TestCaller } from './support/callers.js';
import { aPersonAt, authorizationPath, aWebClient, challengeOf, REDIRECT, startOAuth } from './support/code-flow.js';
import { aMachine, type TestClient } from './support/oauth.js';

let app: TestApp;
let admin: TestCaller;

beforeAll(async () => {
  app = await startOAuth();
  admin = await asAdmin(app);
});
afterAll(() => app.stop());

const list = async (token: string) => (await app.call('GET', '/api/v1/data', { token })).status;

/** By the discovery document alone. */
const configurationOf = ({ id, secret }: TestClient, authentication?: client.ClientAuth) =>
  client.discovery(new URL(`${app.url}/oauth`), id, secret, authentication, {
    execute: [client.allowInsecureRequests],
  });

describe('a machine of openid-client', () => {
  it('gets a token by its secret, asks what it is worth, and gives it back', async () => {
    const config = await configurationOf(await aMachine(admin));
    const { access_token: token } = await client.clientCredentialsGrant(config, { scope: 'data:read' });
    expect(await list(token)).toBe(200);
    expect(await client.tokenIntrospection(config, token)).toMatchObject({ active: true, scope: 'data:read' });
    await client.tokenRevocation(config, token);
    expect(await client.tokenIntrospection(config, token)).toEqual({ active: false });
    expect(await list(token)).toBe(401);
  });

  it('gets one by its key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keys = [{ ...(publicKey.export({ format: 'jwk' }) as JWK), kid: 'first' }];
    const machine = await aMachine(admin, { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys } });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const proof = client.PrivateKeyJwt({ key: await importPKCS8(pem, 'ES256'), kid: 'first' });
    const config = await configurationOf(machine, proof);
    expect(await list((await client.clientCredentialsGrant(config)).access_token)).toBe(200);
  });
});

describe('an application of oauth4webapi', () => {
  it('gets tokens by a code, uses, renews and gives them back', async () => {
    const [insecure, issuer] = [{ [oauth.allowInsecureRequests]: true }, new URL(`${app.url}/oauth`)];
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
    const registered = await aWebClient(admin);
    const [us, auth] = [{ client_id: registered.id }, oauth.ClientSecretBasic(registered.secret ?? '')];
    const person = await aPersonAt(app);
    const verifier = oauth.generateRandomCodeVerifier();
    expect(await oauth.calculatePKCECodeChallenge(verifier)).toBe(challengeOf(verifier));
    await person.authorize(registered);
    const path = authorizationPath(registered, { code_challenge: challengeOf(verifier), state: 'x' });
    const { location = '' } = await person.browser.get(path);
    const back = oauth.validateAuthResponse(as, us, new URL(location), 'x');
    const exchange = await oauth.authorizationCodeGrantRequest(as, us, auth, back, REDIRECT, verifier, insecure);
    const tokens = await oauth.processAuthorizationCodeResponse(as, us, exchange, { requireIdToken: true });
    expect(oauth.getValidatedIdTokenClaims(tokens)?.sub).toBe(person.caller.id);
    expect(await list(tokens.access_token)).toBe(200);
    const renewal = await oauth.refreshTokenGrantRequest(as, us, auth, tokens.refresh_token ?? '', insecure);
    const next = await oauth.processRefreshTokenResponse(as, us, renewal);
    const introspect = async () => {
      const answer = await oauth.introspectionRequest(as, us, auth, next.access_token, insecure);
      return (await oauth.processIntrospectionResponse(as, us, answer)).active;
    };
    expect([await list(next.access_token), await introspect()]).toEqual([200, true]);
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, us, auth, next.refresh_token ?? '', insecure),
    );
    expect([await list(next.access_token), await introspect()]).toEqual([401, false]);
  });
});
