import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asAdmin } from '../support/callers.js';
import { Cluster } from '../support/cluster.js';
import { aPublicClient, authorizationPath, aWebClient } from '../support/code-flow.js';
import type { Answer } from '../support/http.js';
import { aMachine, machineToken, post, type TestClient } from '../support/oauth.js';
import { type OnCluster, startOnCluster } from '../support/on-cluster.js';
import { steppedUp, withTotp } from '../support/totp.js';
import { until } from '../../scripts/lib/until.mjs';

let cluster: Cluster;
let app: OnCluster;
let web: TestClient;
let open: TestClient;
let machine: TestClient;
let token: string;

beforeAll(async () => {
  cluster = await Cluster.start();
  app = await startOnCluster(cluster, { LOG_LEVEL: 'silent' });
  const admin = await steppedUp(app, await withTotp(app, await asAdmin(app)));
  [web, open, machine] = [await aWebClient(admin), await aPublicClient(admin), await aMachine(admin)];
  token = await machineToken(app, machine);
  // The library is loaded by whoever asks first.
  await app.call('GET', '/oauth/jwks');
});
afterAll(async () => {
  await app.stop();
  await cluster.remove();
});

const forms = (): [endpoint: string, form: Record<string, string>][] => [
  ['token', { grant_type: 'client_credentials' }],
  ['token', { grant_type: 'authorization_code', code: 'x', redirect_uri: 'https://app.example/callback' }],
  ['token', { grant_type: 'refresh_token', refresh_token: 'x' }],
  ['introspect', { token: 'x' }],
  ['introspect', { token }],
  ['revoke', { token: 'x' }],
  ['revoke', { token }],
  ['par', Object.fromEntries(new URL(authorizationPath(web), 'http://x').searchParams)],
  ['device_authorization', { scope: 'data:read' }],
];

const PAGES = [
  () => authorizationPath(web),
  () => `/oauth/authorize?client_id=${web.id}&request_uri=urn:ietf:params:oauth:request_uri:x`,
  () => `/oauth/authorize/${randomUUID()}`,
  () => `/oauth/device?user_code=ABCD-EFGH`,
  () => `/login/${'x'.repeat(43)}`,
  () => `/consent/${'x'.repeat(43)}`,
  () => '/account',
];

/** A browser that was here before. */
const cookies = () =>
  ['__Secure-interaction', '__Secure-resume', '__Host-session', '__Host-form'].map((name) => `${name}=x`).join('; ');

async function whileLost<T>(work: () => Promise<T>): Promise<T> {
  await cluster.kill();
  try {
    return await work();
  } finally {
    await cluster.open();
    await until(async () => (await app.call('GET', '/health/ready')).status === 200);
  }
}

function expectUnavailable({ status, body, headers }: Answer): void {
  expect([status, body]).toEqual([503, { error: 'temporarily_unavailable', error_description: expect.any(String) }]);
  expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(headers.get('cache-control')).toContain('no-store');
  expect(headers.get('www-authenticate')).toBeNull();
  expect(headers.get('x-request-id')).toBeTruthy();
  expect(JSON.stringify(body)).not.toMatch(/ECONN|postgres|sql|127\.0\.0\.1|terminat/i);
}

describe('a lost database', () => {
  it('is temporarily_unavailable at every endpoint for applications, and no answer about anything', async () => {
    await whileLost(async () => {
      for (const [endpoint, form] of forms()) {
        for (const client of [web, machine, open]) {
          expectUnavailable(await post(app, endpoint, { ...form, client_id: client.id }, client));
        }
      }
      expectUnavailable(await app.call('GET', '/oauth/userinfo', { token: 'x'.repeat(43) }));
    });
  });

  it('is a page where browsers are sent', async () => {
    await whileLost(async () => {
      for (const path of PAGES.map((make) => make())) {
        const headers = { accept: 'text/html', cookie: cookies() };
        const answer = await app.call('GET', path, { headers });
        expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
          path,
          503,
          expect.stringMatching(/^text\/html/),
        ]);
        expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
        expect(answer.headers.get('location')).toBeNull();
        expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
        expect(answer.text).toContain('We are having trouble. Try again in a moment.');
      }
    });
  });

  it('loses nothing that was given out before it', async () => {
    await whileLost(async () => {
      expect((await post(app, 'token', { grant_type: 'client_credentials' }, machine)).status).toBe(503);
    });
    expect((await post(app, 'token', { grant_type: 'client_credentials' }, machine)).status).toBe(200);
    expect((await post(app, 'introspect', { token }, machine)).body).toMatchObject({ active: true });
  });
});
