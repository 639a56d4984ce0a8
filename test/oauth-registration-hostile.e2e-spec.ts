import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { Browse } from './support/browse.js';
import { asUser, type TestCaller } from './support/callers.js';
import { BAD_URIS } from './support/redirect-uris.js';
import { CALLBACK, consentPageOf, linkFor, register, startRegistrar } from './support/registration.js';

let app: TestApp;
let user: TestCaller;
let canary: Server;
let connections = 0;
let target: string;

beforeAll(async () => {
  app = await startRegistrar();
  user = await asUser(app);
  canary = createServer((_, response) => response.end('{"keys":[]}')).on('connection', () => (connections += 1));
  await new Promise<void>((listening) => canary.listen(0, '127.0.0.1', listening));
  target = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
});
afterAll(async () => {
  canary.close();
  await app.stop();
});

const clients = async () => (await app.db.query('SELECT id FROM oauth_clients')).length;
/** Of RFC 7515 appendix A.3. */
const KEY = {
  kty: 'EC',
  kid: 'first',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};
const METADATA = { redirect_uris: [CALLBACK] };

/** Of a registration that has to be refused: its error, and that nothing came of it. */
async function errorOf(json: unknown, options?: Parameters<typeof register>[2]): Promise<string> {
  const before = await clients();
  const { status, body, text } = await register(app.call, json, options);
  expect([status, await clients(), text.length < 2_000]).toEqual([400, before, true]);
  expect(body).toEqual({ error: expect.any(String), error_description: expect.any(String) });
  return body.error;
}

describe('redirect URIs of a registration', () => {
  it.each(['web', 'native'] as const)('lead nowhere but where those of every client of type %s do', async (type) => {
    for (const uri of BAD_URIS[type]) {
      const json = { application_type: type, redirect_uris: [CALLBACK, uri] };
      expect([uri, await errorOf(json)]).toEqual([uri, 'invalid_redirect_uri']);
    }
  });

  it.each([
    ['none', { redirect_uris: [] }],
    ['no member', { redirect_uris: undefined }],
    ['a string', { redirect_uris: CALLBACK }],
    ['null', { redirect_uris: null }],
    ['an object', { redirect_uris: { 0: CALLBACK, length: 1 } }],
    ['one that is no string', { redirect_uris: [[CALLBACK]] }],
    ['null among them', { redirect_uris: [CALLBACK, null] }],
    ['one twice', { redirect_uris: [CALLBACK, CALLBACK] }],
    ['21', { redirect_uris: Array.from({ length: 21 }, (_, i) => `${CALLBACK}/${i}`) }],
    ['one of 2,001 characters', { redirect_uris: [CALLBACK.padEnd(2_001, 'x')] }],
  ])('are refused: %s', async (_, json) => {
    expect(await errorOf(json)).toBe('invalid_redirect_uri');
  });
});

describe('members of a registration', () => {
  it.each([
    { client_name: '' },
    { client_name: 'x'.repeat(101) },
    { client_name: 'a\0b' },
    { client_name: '\ud800' },
    { client_name: null },
    { client_name: ['x'] },
    { client_name: { toString: 'x' } },
    { application_type: 'service' },
    { token_endpoint_auth_method: 'client_secret_jwt' },
    { token_endpoint_auth_method: 'tls_client_auth' },
    { token_endpoint_auth_method: 'private_key_jwt' },
    { grant_types: [] },
    { grant_types: ['client_credentials'] },
    { grant_types: ['authorization_code', 'client_credentials'] },
    { grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'] },
    { grant_types: ['implicit'], response_types: ['token'] },
    { grant_types: ['password'] },
    { grant_types: ['refresh_token'], redirect_uris: [] },
    { grant_types: 'authorization_code' },
    { response_types: ['code', 'id_token'] },
    { response_types: [] },
    { response_types: 'code' },
    { scope: '' },
    { scope: 'users:write' },
    { scope: ['openid'] },
    { scope: null },
    { jwks: { keys: [KEY] } },
    { jwks: { keys: [{ ...KEY, d: 'AAAA' }] }, token_endpoint_auth_method: 'private_key_jwt' },
    { jwks: { keys: [] }, token_endpoint_auth_method: 'private_key_jwt' },
    { jwks: 'x', token_endpoint_auth_method: 'private_key_jwt' },
    { subject_type: 'pairwise' },
    { id_token_signed_response_alg: 'none' },
    { id_token_signed_response_alg: 'HS256' },
    { userinfo_signed_response_alg: 'RS256' },
    { id_token_encrypted_response_alg: 'dir' },
    { require_auth_time: true },
    { default_max_age: 1 },
    { dpop_bound_access_tokens: 'true' },
    { post_logout_redirect_uris: ['javascript:alert(1)'] },
  ])('are refused that make no client, or another than was asked for: %j', async (members) => {
    const expected =
      'redirect_uris' in members ? /^invalid_(?:client_metadata|redirect_uri)$/ : /^invalid_client_metadata$/;
    expect(await errorOf({ ...METADATA, ...members })).toMatch(expected);
  });

  it('are what the object itself has, whatever is said of its prototype', async () => {
    const uris = JSON.stringify([CALLBACK]);
    expect(await errorOf(undefined, { raw: `{"__proto__":{"redirect_uris":${uris}}}` })).toBe('invalid_redirect_uri');
    const raw = `{"redirect_uris":${uris},"__proto__":{"scope":"x","jwks_uri":"x"},"constructor":{"prototype":{}},"hasOwnProperty":1}`;
    const { status, body } = await register(app.call, undefined, { raw });
    expect([status, body.scope.startsWith('openid '), Object.hasOwn(body, 'hasOwnProperty')]).toEqual([
      201,
      true,
      false,
    ]);
    expect(({} as { scope?: string }).scope).toBeUndefined();
  });

  it('count once: of two of a name the last is what is checked, kept and answered', async () => {
    const raw = (...uris: string[]) => `{${uris.map((uri) => `"redirect_uris":["${uri}"]`).join(',')}}`;
    expect(await errorOf(undefined, { raw: raw(CALLBACK, 'javascript:alert(1)') })).toBe('invalid_redirect_uri');
    const { body } = await register(app.call, undefined, { raw: raw('javascript:alert(1)', CALLBACK) });
    expect(body.redirect_uris).toEqual([CALLBACK]);
    const [row] = await app.db.query('SELECT redirect_uris FROM oauth_clients WHERE id = $1', [body.client_id]);
    expect(row).toEqual({ redirect_uris: [CALLBACK] });
  });
});

describe('the body of a registration', () => {
  const json = JSON.stringify(METADATA);
  it.each<[string, Parameters<typeof register>[2]]>([
    ['none', {}],
    ['nothing', { raw: '' }],
    ['null', { raw: 'null' }],
    ['an array', { raw: `[${json}]` }],
    ['a string', { raw: JSON.stringify(json) }],
    ['two objects', { raw: json + json }],
    ['an object that is cut off', { raw: json.slice(0, -1) }],
    ['JSON with a comment', { raw: `/**/${json}` }],
    ['50,000 arrays', { raw: '['.repeat(50_000) }],
    ['60 kB', { raw: JSON.stringify({ ...METADATA, x: 'x'.repeat(60_000) }) }],
    ['a form', { raw: `redirect_uris=${CALLBACK}`, type: 'application/x-www-form-urlencoded' }],
    ['JSON that is called text', { raw: json, type: 'text/plain' }],
    ['UTF-16', { raw: Buffer.from(json, 'utf16le') }],
  ])('is refused where it is %s', async (_, options) => {
    expect(await errorOf(undefined, options)).toMatch(/^invalid_/);
  });
});

describe('addresses in a registration', () => {
  it.each([
    'jwks_uri',
    'sector_identifier_uri',
    'initiate_login_uri',
    'backchannel_logout_uri',
    'frontchannel_logout_uri',
    'backchannel_client_notification_endpoint',
  ])('that would be called are refused: %s', async (member) => {
    const method = { token_endpoint_auth_method: member === 'jwks_uri' ? 'private_key_jwt' : 'none' };
    for (const uri of [`${target}/`, `${target.replace('http:', 'https:')}/`, 'http://169.254.169.254/', '', null]) {
      expect(await errorOf({ ...METADATA, ...method, [member]: uri })).toBe('invalid_client_metadata');
    }
    expect(await errorOf({ ...METADATA, request_uris: [target] })).toBe('invalid_client_metadata');
    expect(connections).toBe(0);
  });

  it('that would be shown are not kept, and nobody goes there', async () => {
    const names = ['logo_uri', 'client_uri', 'policy_uri', 'tos_uri', 'logo_uri#de', 'software_statement', 'contacts'];
    const members = Object.fromEntries(names.map((name) => [name, `${target}/?"><script>`]));
    const { status, body } = await register(app.call, { ...METADATA, ...members });
    expect([status, names.filter((name) => name in body)]).toEqual([201, []]);
    const page = await consentPageOf(new Browse(app.url), linkFor(body.client_id, 'openid'), user);
    expect([page.status, page.html.includes(target)]).toEqual([200, false]);
    expect(page.headers['content-security-policy']).not.toContain(target);
    expect(JSON.stringify(await app.db.query('SELECT * FROM oauth_clients'))).not.toContain(target);
    expect(connections).toBe(0);
  });
});

describe('the name of a client that registered itself', () => {
  it.each([
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['"><img src=x onerror=alert(1)>', '&quot;&gt;&lt;img src=x onerror=alert(1)&gt;'],
    [`' onmouseover='alert(1)`, '&#39; onmouseover=&#39;alert(1)'],
    [
      '</title></head><base href="https://a.example/">',
      '&lt;/title&gt;&lt;/head&gt;&lt;base href=&quot;https://a.example/&quot;&gt;',
    ],
    ['&lt;b&gt;', '&amp;lt;b&amp;gt;'],
    ['${7*7}{{7*7}}<%= 7*7 %>', '${7*7}{{7*7}}&lt;%= 7*7 %&gt;'],
    ['\u202egnp.eman', '\u202egnp.eman'],
  ])('is text on its consent page: %j', async (name, escaped) => {
    const { body } = await register(app.call, { ...METADATA, client_name: name });
    expect(body.client_name).toBe(name);
    const { html, headers } = await consentPageOf(new Browse(app.url), linkFor(body.client_id, 'openid'), user);
    expect(html).toContain(`<bdi>${escaped}</bdi>`);
    expect(html).toContain('nobody here has checked it');
    if (name !== escaped) expect(html).not.toContain(name);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|script-src [^;]*\*/);
  });
});
