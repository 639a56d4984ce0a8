import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, type TestCaller } from './support/callers.js';
import { aPersonAt, aPublicClient, authorizationPath, aWebClient, refresh, startOAuth } from './support/code-flow.js';
import type { Answer } from './support/http.js';
import { basic, post, type TestClient } from './support/oauth.js';
import { sendLines } from './support/raw-http.js';

const FORM = 'application/x-www-form-urlencoded';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
/** Of the pages that clients are registered with. */
const ITS_OWN = 'https://app.example';
/** Listed in CORS_ORIGINS: pages that may use the API. */
const LISTED = 'https://console.example';

let app: TestApp;
let admin: TestCaller;
let web: TestClient;
let open: TestClient;

beforeAll(async () => {
  app = await startOAuth({ CORS_ORIGINS: `${LISTED},${ITS_OWN}` });
  admin = await asAdmin(app);
  web = await aWebClient(admin, { grantTypes: ['authorization_code', 'refresh_token', DEVICE] });
  open = await aPublicClient(admin, { grantTypes: ['authorization_code', 'refresh_token', DEVICE] });
});
afterAll(() => app.stop());

/** Every header that CORS knows, but for Vary. */
const corsOf = ({ headers }: Answer): string[] =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'));
const allowedOrigin = ({ headers }: Answer): string | null => headers.get('access-control-allow-origin');

describe('a request that says it came to another host', () => {
  const POISON: [title: string, lines: string[]][] = [
    ['in Host', ['Host: evil.example']],
    ['in Host, with a port', ['Host: evil.example:8443']],
    ['in Host, with a path', ['Host: evil.example/x']],
    ['in X-Forwarded-Host', ['X-Forwarded-Host: evil.example']],
    [
      'in X-Forwarded-Host, -Proto and -Port',
      ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 1'],
    ],
    ['in Forwarded', ['Forwarded: host=evil.example;proto=https']],
    ['in X-Original-URL', ['X-Original-URL: /oauth/token', 'X-Rewrite-URL: http://evil.example/']],
    ['in X-Forwarded-Prefix', ['X-Forwarded-Prefix: /evil.example', 'X-Script-Name: /evil.example']],
  ];

  const send = (line: string, lines: readonly string[], client?: TestClient, body = '') =>
    sendLines(
      app.url,
      [
        `${line} HTTP/1.1`,
        ...lines,
        ...(client ? [`Authorization: ${basic(client)}`] : []),
        ...(body ? [`Content-Type: ${FORM}`] : []),
      ],
      body,
    );

  /** Expects that every address in an answer is a public one of ours. */
  function expectOurs({ status, text, headers }: Answer, statuses: number[]): void {
    expect(statuses).toContain(status);
    expect(`${text} ${JSON.stringify([...headers])}`).not.toContain('evil.example');
    for (const [url] of text.matchAll(/https?:\/\/[^"\s<]+/g)) expect(url.startsWith(`${app.url}/`)).toBe(true);
  }

  it.each(POISON)('%s: discovery stays what it was', async (_, lines) => {
    for (const path of ['/oauth/.well-known/openid-configuration', '/.well-known/oauth-authorization-server/oauth']) {
      const answer = await send(`GET ${path}`, lines);
      if (answer.status === 200) {
        expect(answer.body).toMatchObject({ issuer: `${app.url}/oauth`, token_endpoint: `${app.url}/oauth/token` });
        const urls = Object.values(answer.body).filter((value) => /^https?:/.test(String(value)));
        expect(urls.length).toBeGreaterThan(8);
      }
      // A host that none has is refused by the server itself.
      expectOurs(answer, lines[0] === 'Host: evil.example/x' ? [200, 400] : [200]);
    }
  });

  it.each(POISON)('%s: a device, a pushed request and a browser are sent to us', async (_, lines) => {
    const ids = `client_id=${web.id}&scope=data:read`;
    const device = await send('POST /oauth/device_authorization', lines, web, ids);
    expectOurs(device, [200, 400]);
    if (device.status === 200) expect(device.body.verification_uri).toBe(`${app.url}/device`);
    const [, query = ''] = authorizationPath(web).split('?');
    expectOurs(await send('POST /oauth/par', lines, web, query), [201, 400]);
    const page = await send(`GET ${authorizationPath(web)}`, lines);
    expectOurs(page, [303, 400]);
    if (page.status === 303) expect(page.headers.get('location')).toMatch(/^\/login\//);
    const asDevice = await send('GET /oauth/device', [...lines, 'Accept: text/html']);
    expect(asDevice.text).not.toContain('evil.example');
  });

  it.each(POISON)('%s: issuer and audience of tokens are ours', async (_, lines) => {
    const person = await aPersonAt(app);
    const code = new URLSearchParams(await person.code(web)).toString();
    const { status, body } = await send('POST /oauth/token', lines, web, code);
    if (status === 400) return expect(lines[0]).toBe('Host: evil.example/x');
    expect(status).toBe(200);
    for (const token of [body.access_token, body.id_token] as string[]) {
      expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
        iss: `${app.url}/oauth`,
      });
    }
    return expect((await app.call('GET', '/api/v1/data', { token: body.access_token })).status).toBe(200);
  });
});

describe('a page of another origin', () => {
  const origins = [LISTED, ITS_OWN, 'https://evil.example', 'null'];

  it('reads the API where it is listed, so that the rest of these says something', async () => {
    const answer = await app.call('GET', '/health/live', { headers: { origin: LISTED } });
    expect(allowedOrigin(answer)).toBe(LISTED);
  });

  it.each(['/login', '/login/account', '/account', '/consent/x', '/oauth/device', '/oauth/logout'])(
    'reads nothing of %s',
    async (path) => {
      for (const origin of origins) {
        const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
        for (const answer of [
          await app.call('GET', path, { headers: { origin } }),
          await app.call('POST', path, { headers: { origin }, raw: 'x=1', type: FORM }),
          await app.call('OPTIONS', path, { headers: { origin, ...preflight } }),
        ]) {
          expect([answer.status, corsOf(answer)]).toEqual([answer.status, []]);
        }
      }
    },
  );

  it('reads nothing of the authorization endpoint', async () => {
    for (const origin of origins) {
      const headers = { origin, 'access-control-request-method': 'GET' };
      const path = authorizationPath(open);
      const [, raw] = path.split('?');
      expect(corsOf(await app.call('GET', path, { headers: { origin } }))).toEqual([]);
      expect(corsOf(await app.call('GET', authorizationPath(open, { redirect_uri: 'x' }), { headers }))).toEqual([]);
      expect(corsOf(await app.call('POST', '/oauth/authorize', { raw, type: FORM, headers: { origin } }))).toEqual([]);
      expect(corsOf(await app.call('OPTIONS', path, { headers }))).toEqual([]);
    }
  });

  it('gets tokens where it is of the public client that it says it is, and nowhere else', async () => {
    const person = await aPersonAt(app);
    const from = async (origin: string, client: TestClient) =>
      post(app, 'token', await person.code(client), client, { origin });
    const own = await from(ITS_OWN, open);
    expect([own.status, allowedOrigin(own), own.headers.get('access-control-allow-credentials')]).toEqual([
      200,
      ITS_OWN,
      null,
    ]);
    for (const origin of [
      LISTED,
      'https://evil.example',
      'https://app.example.evil.example',
      'http://app.example',
      'null',
    ]) {
      const answer = await from(origin, open);
      expect([answer.status, answer.body.access_token, allowedOrigin(answer)]).toEqual([400, undefined, null]);
    }
    for (const origin of origins) {
      const answer = await from(origin, web);
      expect([answer.status, answer.body.access_token, allowedOrigin(answer)]).toEqual([400, undefined, null]);
    }
  });

  it.each(['token', 'revoke', 'introspect', 'par', 'device_authorization'])(
    'is told nothing at %s of a client that is not its own',
    async (endpoint) => {
      for (const client of [web, open]) {
        const form = { client_id: client.id, grant_type: 'refresh_token', refresh_token: 'x', token: 'x' };
        const answer = await post(app, endpoint, form, client, { origin: 'https://evil.example' });
        expect([answer.status, allowedOrigin(answer)]).toEqual([400, null]);
      }
      const { headers } = await app.call('OPTIONS', `/oauth/${endpoint}`, {
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      });
      // A preflight cannot know the client yet; what it lets through is refused as above.
      expect(headers.get('access-control-allow-credentials')).toBeNull();
      expect(headers.get('access-control-allow-methods') ?? 'POST').toBe('POST');
    },
  );

  it('uses up nothing where it may not read the answer', async () => {
    const person = await aPersonAt(app);
    const code = await person.code(open);
    const origin = 'https://evil.example';
    expect((await post(app, 'token', code, open, { origin })).status).toBe(400);
    const { status, body } = await post(app, 'token', code, open, { origin: ITS_OWN });
    expect(status).toBe(200);
    const form = { grant_type: 'refresh_token', client_id: open.id, refresh_token: body.refresh_token };
    expect((await post(app, 'token', form, open, { origin })).status).toBe(400);
    expect((await refresh(app, open, body.refresh_token)).status).toBe(200);
  });

  it('reads the documents that say where everything is, whoever it is, and nothing with cookies', async () => {
    for (const path of ['jwks', '.well-known/openid-configuration', '.well-known/oauth-authorization-server']) {
      const answer = await app.call('GET', `/oauth/${path}`, { headers: { origin: 'https://evil.example' } });
      expect([answer.status, answer.headers.get('access-control-allow-credentials')]).toEqual([200, null]);
    }
  });
});
