import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { aMachine, aPublicKey, aSigningClient, CLIENTS, withClient } from './support/clients.js';
import { aClient } from './support/factories.js';
import { footprintOf } from './support/footprint.js';
import { BAD_URIS, GOOD_URIS } from './support/redirect-uris.js';
import { expectInvalid, notText } from './support/wrong-values.js';

let app: TestApp;
let admin: TestCaller;

beforeAll(async () => {
  app = await startApp();
  admin = await asAdmin(app);
});
afterAll(() => app.stop());

const create = (json: object) => admin.call('POST', CLIENTS, { json });
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

/** Expects the refusal of each, naming the member, and that nothing was written. */
async function expectAllRefused(all: readonly [pointer: string, members: object][]): Promise<void> {
  const before = await footprintOf(app.db);
  for (const [pointer, members] of all) expectInvalid(await create(members), pointer, members);
  expect(await footprintOf(app.db)).toEqual(before);
}

describe('a redirect URI', () => {
  it.each(['redirectUris', 'postLogoutRedirectUris'])('among %s is taken as it is, or not at all', async (member) => {
    for (const [applicationType, uris] of Object.entries(GOOD_URIS)) {
      for (const uri of uris) {
        const { status, body } = await create(aClient({ applicationType, [member]: [uri] }));
        expect([uri, status, body[member]]).toEqual([uri, 201, [uri]]);
      }
    }
    const bad = Object.entries(BAD_URIS).flatMap(([applicationType, uris]) =>
      uris.map((uri) => [`/${member}`, aClient({ applicationType, [member]: [uri] })] as [string, object]),
    );
    expect(bad.length).toBeGreaterThan(60);
    await expectAllRefused(bad);
  });

  it('is refused among good ones, which are counted, and with the way to write it', async () => {
    const redirectUris = ['https://a.example/', 'https://A.example/b'];
    const { body } = await create(aClient({ redirectUris }));
    expect(body.errors).toMatchObject([{ detail: 'Number 2 has to be written https://a.example/b.' }]);
  });

  it('is refused in a change as well', async () => {
    const { id, view } = await withClient(admin);
    for (const uri of BAD_URIS.web) {
      for (const member of ['redirectUris', 'postLogoutRedirectUris']) {
        const changes = { name: 'never', [member]: [uri] };
        expectInvalid(await admin.call('PATCH', `${CLIENTS}/${id}`, { json: changes }), `/${member}`, uri);
      }
    }
    expectInvalid(await admin.call('PATCH', `${CLIENTS}/${id}`, { json: { redirectUris: [] } }), '/redirectUris', []);
    expect((await admin.call('GET', `${CLIENTS}/${id}`)).body).toEqual(view);
  });

  it('stands once in a list of 20 at most, of 2,000 characters at most', async () => {
    const many = (length: number) => Array.from({ length }, (_, i) => `https://a.example/${i}`);
    const long = (length: number) => 'https://a.example/'.padEnd(length, 'x');
    const fine = { redirectUris: [...many(19), long(2000)], postLogoutRedirectUris: many(20) };
    expect((await create(aClient(fine))).status).toBe(201);
    const wrong = [
      many(21),
      [long(2001)],
      ['https://a.example/', 'https://a.example/'],
      [null],
      [1],
      'https://a.b/',
      {},
    ];
    await expectAllRefused(
      ['redirectUris', 'postLogoutRedirectUris'].flatMap((member) =>
        wrong.map((uris) => [`/${member}`, aClient({ [member]: uris })] as [string, object]),
      ),
    );
  });
});

describe('members that make no client together', () => {
  it('are refused, and named', async () => {
    const none = { redirectUris: undefined };
    await expectAllRefused([
      ['/redirectUris', aClient(none)],
      ['/redirectUris', aClient({ redirectUris: [] })],
      ['/redirectUris', aClient({ grantTypes: [DEVICE] })],
      ['/redirectUris', aClient({ grantTypes: ['client_credentials'], scopes: ['data:read'] })],
      ['/postLogoutRedirectUris', aClient({ ...none, grantTypes: [DEVICE], postLogoutRedirectUris: ['https://a.b/'] })],
      ['/grantTypes', aClient({ ...none, grantTypes: ['refresh_token'] })],
      ['/grantTypes', aMachine({ grantTypes: ['client_credentials', 'refresh_token'] })],
      ['/tokenEndpointAuthMethod', aMachine({ tokenEndpointAuthMethod: 'none' })],
      ['/jwks', aClient({ jwks: { keys: [aPublicKey()] } })],
      ['/jwks', aClient({ tokenEndpointAuthMethod: 'none', jwks: { keys: [aPublicKey()] } })],
      ['/jwks', aClient({ tokenEndpointAuthMethod: 'private_key_jwt' })],
    ]);
  });

  it('are refused where a client that only acts for itself would need a person', async () => {
    const personal = ['openid', 'email', 'profile:read', 'sessions:write', 'keys:read', 'clients:write', 'users:write'];
    await expectAllRefused(personal.map((scope) => ['/scopes', aMachine({ scopes: ['data:read', scope] })]));
    const impersonal = ['data:read', 'data:write', 'data:restricted', 'users:read', 'audit:read', 'clients:read'];
    expect((await create(aMachine({ scopes: impersonal }))).status).toBe(201);
    const both = aMachine({ grantTypes: ['client_credentials', DEVICE], scopes: ['openid', ...personal] });
    expect((await create({ ...both, scopes: [...impersonal, ...personal] })).status).toBe(201);
  });

  it('are valid in every combination that makes sense', async () => {
    const secret = ['client_secret_basic', 'client_secret_post'];
    for (const tokenEndpointAuthMethod of ['none', ...secret]) {
      for (const grantTypes of [['authorization_code'], ['authorization_code', 'refresh_token', DEVICE]]) {
        expect((await create(aClient({ tokenEndpointAuthMethod, grantTypes }))).status).toBe(201);
      }
      const device = { tokenEndpointAuthMethod, grantTypes: [DEVICE, 'refresh_token'], redirectUris: undefined };
      expect((await create(aClient(device))).status).toBe(201);
    }
    for (const tokenEndpointAuthMethod of secret) {
      expect((await create(aMachine({ tokenEndpointAuthMethod }))).status).toBe(201);
    }
    const signing = { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [aPublicKey()] } };
    expect((await create(aMachine(signing))).status).toBe(201);
  });
});

const exported = ({ publicKey, privateKey }: Record<'publicKey' | 'privateKey', KeyObject>) => ({
  open: { ...publicKey.export({ format: 'jwk' }), kid: 'k' },
  closed: { ...privateKey.export({ format: 'jwk' }), kid: 'k' },
});
const rsaOf = (modulusLength: number) => exported(generateKeyPairSync('rsa', { modulusLength }));
const ecOf = (namedCurve: string) => exported(generateKeyPairSync('ec', { namedCurve }));
const ed25519 = () => exported(generateKeyPairSync('ed25519'));

describe('the keys of a client', () => {
  const signing = (keys: readonly unknown[]) => aSigningClient({ jwks: { keys } });

  it('are P-256, Ed25519 and RSA, with what says how they are used', async () => {
    const rsa = rsaOf(2048).open;
    const keys = [
      aPublicKey({ kid: 'a', use: 'sig', alg: 'ES256' }),
      { ...ed25519().open, kid: 'b', alg: 'EdDSA' },
      { ...rsa, kid: 'c', alg: 'PS256' },
      { ...rsa, kid: 'd', alg: 'RS256' },
      aPublicKey({ kid: 'e' }),
    ];
    const { status, body } = await create(signing(keys));
    expect([status, body.jwks]).toEqual([201, { keys }]);
    expect((await admin.call('GET', `${CLIENTS}/${body.id}`)).body.jwks).toEqual({ keys });
  });

  it('are refused when they are none, too many, weak, or not what they say', async () => {
    const good = aPublicKey();
    const rsa = rsaOf(2048).open;
    const ed = ed25519().open;
    const wrong: unknown[] = [
      { ...good, kid: undefined },
      { ...good, kid: '' },
      { ...good, kid: 'k'.repeat(101) },
      { ...good, kty: 'RSA' },
      { ...good, kty: 'constructor' },
      { ...good, kty: undefined },
      { ...good, crv: 'P-384' },
      { ...good, x: good.y },
      { ...good, x: `${good.x}=` },
      { ...good, x: `${good.x}AA` },
      // The same number with a zero in front: two texts of one key.
      {
        ...good,
        x: Buffer.from(`00${Buffer.from(good.x ?? '', 'base64url').toString('hex')}`, 'hex').toString('base64url'),
      },
      { ...good, x: undefined },
      { ...good, use: 'enc' },
      { ...good, alg: 'HS256' },
      { ...good, alg: 'none' },
      { ...good, x5u: 'https://a.example/' },
      { ...ed, crv: 'X25519' },
      { ...ed, x: 'AA' },
      { ...rsa, e: 'AQ' },
      { ...rsa, e: 'Aw' },
      { ...rsa, alg: 'ES256' },
      rsaOf(2040).open,
      rsaOf(1024).open,
      ecOf('P-384').open,
      ecOf('secp256k1').open,
      exported(generateKeyPairSync('ed448')).open,
      exported(generateKeyPairSync('x25519')).open,
      { kty: 'oct', k: 'c2VjcmV0', kid: 'k' },
      ...notText.filter((value) => typeof value !== 'string'),
    ];
    const many = Array.from({ length: 6 }, (_, i) => aPublicKey({ kid: `${i}` }));
    const sets = [...wrong.map((key) => [key]), [], many, [good, good], [good, aPublicKey()]];
    await expectAllRefused(sets.map((keys) => ['/jwks', signing(keys)]));
    const shapes = [...notText, { keys: {} }, { keys: [good], extra: 1 }, good];
    await expectAllRefused(shapes.map((jwks) => ['/jwks', aSigningClient({ jwks })]));
  });

  it('are never private ones, which no answer repeats', async () => {
    for (const { closed } of [ecOf('P-256'), rsaOf(2048), ed25519()]) {
      const { text, status } = await create(signing([closed]));
      expect([closed.kty, status, text.includes('belongs into no public key')]).toEqual([closed.kty, 400, true]);
      expect(text).not.toContain(closed.d);
    }
  });
});

describe('POST /api/v1/oauth-clients', () => {
  it('refuses wrong types and values in every member, and writes nothing', async () => {
    const user = await asUser(app);
    const words = [...notText, [], ['root'], [['openid']]];
    const wrong: Record<string, readonly unknown[]> = {
      name: [...notText, '', 'x'.repeat(101)],
      applicationType: [...notText, '', 'WEB', 'spa', ['web']],
      tokenEndpointAuthMethod: [...notText, '', 'client_secret_jwt', 'tls_client_auth', ['none']],
      grantTypes: [...words, 'authorization_code', ['implicit'], ['password'], ['refresh_token', 'refresh_token']],
      scopes: [...words, 'openid', ['openid', 'openid'], ['*'], ['constructor']],
      dpopBoundAccessTokens: [null, 0, 1, 'true', [], {}],
      requirePushedAuthorizationRequests: [null, 0, 1, 'true', [], {}],
    };
    const before = await footprintOf(app.db);
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        expectInvalid(await user.call('POST', CLIENTS, { json: aClient({ [name]: value }) }), `/${name}`, value);
      }
    }
    for (const name of [
      'id',
      'ownerId',
      'status',
      'clientSecret',
      'client_id',
      'redirect_uris',
      'logoUri',
      'jwksUri',
    ]) {
      expectInvalid(await user.call('POST', CLIENTS, { json: aClient({ [name]: 'x' }) }), `/${name}`, name);
    }
    expect(await footprintOf(app.db)).toEqual(before);
  });
});
