import { createHash } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { Browse } from './support/browse.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { aPublicKey } from './support/clients.js';
import { startInstance } from './support/process.js';
import {
  CALLBACK,
  consentPageOf,
  fromElsewhere,
  INITIAL_TOKEN,
  linkFor,
  register,
  startRegistrar,
} from './support/registration.js';

const INSECURE = { [oauth.allowInsecureRequests]: true };
const SCOPES = 'openid profile email offline_access profile:read data:read data:write';

let app: TestApp;
let admin: TestCaller;

beforeAll(async () => {
  app = await startRegistrar();
  admin = await asAdmin(app);
});
afterAll(() => app.stop());

async function discovered(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(`${app.url}/oauth`);
  const response = await oauth.discoveryRequest(issuer, { ...INSECURE, algorithm: 'oauth2' });
  return oauth.processDiscoveryResponse(issuer, response);
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

describe('without a token', () => {
  it('there is no registration, and no document that tells of one', async () => {
    const closed = await startInstance({ ...app.settings, PORT: '0', OAUTH_REGISTRATION_TOKEN: '' });
    const metadata = { redirect_uris: [CALLBACK] };
    for (const token of [INITIAL_TOKEN, 'undefined', '', undefined]) {
      const { status } = await closed.call('POST', '/oauth/register', { token, json: metadata });
      expect(status).toBe(404);
    }
    for (const document of ['openid-configuration', 'oauth-authorization-server']) {
      const { status, body } = await closed.call('GET', `/oauth/.well-known/${document}`);
      expect([status, Object.keys(body).includes('registration_endpoint')]).toEqual([200, false]);
    }
    await closed.stop();
  });
});

describe('POST /oauth/register', () => {
  it('registers a client, which people then let in', async () => {
    const as = await discovered();
    expect(as.registration_endpoint).toBe(`${app.url}/oauth/register`);
    const metadata = {
      client_name: 'Photo printer',
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'openid data:read',
    };
    const response = await oauth.dynamicClientRegistrationRequest(as, metadata, {
      ...INSECURE,
      initialAccessToken: INITIAL_TOKEN,
      headers: fromElsewhere(),
    });
    const client = await oauth.processDynamicClientRegistrationResponse(response);
    expect(client).toMatchObject({ ...metadata, client_secret: expect.any(String), client_secret_expires_at: 0 });

    const verifier = oauth.generateRandomCodeVerifier();
    const link = linkFor(client.client_id, 'openid data:read data:write', {
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    });
    const browser = new Browse(app.url);
    const page = await consentPageOf(browser, link, await asUser(app));
    expect(page.html).toContain('This app registered itself, and nobody here has checked it.');
    expect(page.html).not.toContain('administrator');
    // It has not registered for more.
    expect(page.html).toContain('value="data:read"');
    expect(page.html).not.toContain('value="data:write"');
    const { location = '' } = await browser.submit({ decision: 'allow' });
    const granted = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      oauth.ClientSecretBasic(client.client_secret as string),
      oauth.validateAuthResponse(as, client, new URL(location)),
      CALLBACK,
      verifier,
      INSECURE,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, granted);
    expect([tokens.scope, typeof tokens.id_token]).toEqual(['data:read', 'string']);
    expect((await app.call('GET', '/api/v1/data', { token: tokens.access_token })).status).toBe(200);
  });

  it('answers with the whole of what was registered, and nothing of what was ignored', async () => {
    const { status, headers, body } = await register(app.call, {
      redirect_uris: [CALLBACK],
      client_id: 'mine',
      client_secret: 'my own secret',
      client_uri: 'https://app.example/',
      logo_uri: 'https://app.example/logo.png',
      'client_name#de': 'Fotodrucker',
      software_id: 'printer',
      owned: true,
      registered: false,
      api_scopes: ['users:write'],
    });
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    const { client_id, client_id_issued_at, client_secret, ...metadata } = body;
    expect([client_id, client_secret]).toEqual([
      expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7/),
      expect.stringMatching(/^[\w-]{43}$/),
    ]);
    expect(Math.abs(client_id_issued_at - Date.now() / 1000)).toBeLessThan(60);
    expect(metadata).toEqual({
      client_name: client_id,
      client_secret_expires_at: 0,
      application_type: 'web',
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: [CALLBACK],
      post_logout_redirect_uris: [],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      scope: SCOPES,
      dpop_bound_access_tokens: false,
      require_pushed_authorization_requests: false,
    });
  });

  it('keeps a client of nobody’s, marked, with the hash of its secret, and a line in the audit', async () => {
    const { body } = await register(app.call, { redirect_uris: [CALLBACK], scope: 'data:read' });
    const view = (await admin.call('GET', `/api/v1/oauth-clients/${body.client_id}`)).body;
    expect(view).toMatchObject({ ownerId: null, registered: true, scopes: ['data:read'], status: 'active' });
    const secrets = await app.db.query(
      'SELECT encode(hash, $2) AS hash FROM oauth_client_secrets WHERE client_id = $1',
      [body.client_id, 'hex'],
    );
    expect(secrets).toEqual([{ hash: hashOf(body.client_secret) }]);
    const audit = await app.db.query(
      'SELECT action, actor_kind AS by, details FROM audit_events WHERE target_id = $1',
      [body.client_id],
    );
    const details = { scopes: ['data:read'], registered: true };
    expect(audit).toEqual([{ action: 'client.created', by: 'anonymous', details }]);
    // No way to change itself, nor to be seen by whoever made it.
    expect((await app.call('GET', `/oauth/register/${body.client_id}`, { token: INITIAL_TOKEN })).status).toBe(404);
    expect((await (await asUser(app)).call('GET', `/api/v1/oauth-clients/${body.client_id}`)).status).toBe(404);
  });

  it('gives no secret to a client that has no use for one', async () => {
    const keys = { keys: [aPublicKey()] };
    const [open, signing] = await Promise.all([
      register(app.call, { redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' }),
      register(app.call, { redirect_uris: [CALLBACK], token_endpoint_auth_method: 'private_key_jwt', jwks: keys }),
    ]);
    expect([open.status, signing.status]).toEqual([201, 201]);
    expect(signing.body.jwks).toEqual(keys);
    for (const { body } of [open, signing]) {
      expect(Object.keys(body).filter((name) => name.startsWith('client_secret'))).toEqual([]);
      const rows = await app.db.query('SELECT 1 FROM oauth_client_secrets WHERE client_id = $1', [body.client_id]);
      expect(rows).toEqual([]);
    }
  });

  it('leaves out scopes that nobody can let an unknown program have, and says what is left', async () => {
    const scope = 'data:write openid data:restricted keys:write sessions:write users:write clients:write audit:read x';
    const { status, body } = await register(app.call, { redirect_uris: [CALLBACK], scope });
    expect([status, body.scope]).toEqual([201, 'openid data:write']);
  });

  it('registers with one process what another lets in at once', async () => {
    const other = await startInstance({ ...app.settings, PORT: '0' });
    const { body, status } = await register(other.call, { client_name: 'Elsewhere', redirect_uris: [CALLBACK] });
    expect(status).toBe(201);
    const page = await consentPageOf(new Browse(app.url), linkFor(body.client_id, 'openid'), await asUser(app));
    expect(page.html).toContain('This app registered itself');
    expect(page.html).toContain('Elsewhere');
    await other.stop();
  });
});
