import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, claimsOf, type TestCaller } from './support/callers.js';
import { aWebClient, startOAuth } from './support/code-flow.js';
import { aMachine, machineToken, post, type TestClient } from './support/oauth.js';
import { steppedUp, withTotp } from './support/totp.js';

let app: TestApp;
let admin: TestCaller;

beforeAll(async () => {
  app = await startOAuth();
  admin = await steppedUp(app, await withTotp(app, await asAdmin(app)));
});
afterAll(() => app.stop());

const form = { grant_type: 'client_credentials' };
const list = async (token: string) => (await app.call('GET', '/api/v1/data', { token })).status;

/** A machine that signs, and its proof of itself. */
async function aSigner(algorithm: 'ES256' | 'RS256' | 'PS256' | 'EdDSA') {
  const { privateKey, publicKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : algorithm === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keys = [{ ...(publicKey.export({ format: 'jwk' }) as JWK), kid: 'first' }];
  const machine = await aMachine(admin, { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys } });
  const sign = () =>
    new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: algorithm, kid: 'first' })
      .setIssuer(machine.id)
      .setSubject(machine.id)
      .setAudience(`${app.url}/oauth`)
      .setIssuedAt()
      .setExpirationTime('1 minute')
      .sign(privateKey);
  const proof = async () => ({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await sign(),
  });
  return { machine, proof };
}

describe('GET /oauth/.well-known/openid-configuration', () => {
  it('says where everything is, and promises nothing that there is not', async () => {
    const { status, body, headers } = await app.call('GET', '/oauth/.well-known/openid-configuration');
    expect([status, headers.get('x-request-id')]).toEqual([200, expect.any(String)]);
    const at = `${app.url}/oauth`;
    expect(body).toMatchObject({
      issuer: at,
      token_endpoint: `${at}/token`,
      introspection_endpoint: `${at}/introspect`,
      revocation_endpoint: `${at}/revoke`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    });
    expect(body.grant_types_supported.toSorted()).toEqual([
      'authorization_code',
      'client_credentials',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ]);
    expect(body).not.toHaveProperty('registration_endpoint');
    expect(JSON.stringify(body)).not.toMatch(/HS256|"none","RS|implicit|password|jwt-bearer/);
  });
});

describe('POST /oauth/token by client credentials', () => {
  it('gives a token of the contract for the machine itself, and nothing else', async () => {
    const machine = await aMachine(admin);
    const { status, body, headers } = await post(app, 'token', form, machine);
    expect([status, body]).toEqual([
      200,
      { access_token: expect.any(String), token_type: 'Bearer', expires_in: 600, scope: 'data:read data:write' },
    ]);
    expect([headers.get('cache-control'), headers.get('x-request-id')]).toEqual(['no-store', expect.any(String)]);
    expect(JSON.parse(Buffer.from(body.access_token.split('.')[0], 'base64url').toString())).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: expect.any(String),
    });
    const claims = claimsOf(body.access_token);
    expect(claims).toEqual({
      iss: `${app.url}/oauth`,
      aud: `${app.url}/api`,
      sub: machine.id,
      client_id: machine.id,
      scope: 'data:read data:write',
      jti: expect.stringMatching(/^[\da-f-]{36}$/),
      iat: expect.any(Number),
      exp: Number(claims['iat']) + 600,
    });
    expect(await list(body.access_token)).toBe(200);
  });

  it('takes the secret in the header and in the body', async () => {
    const machine = await aMachine(admin, { tokenEndpointAuthMethod: 'client_secret_post' });
    const inBody = { ...form, client_id: machine.id, client_secret: machine.secret ?? '' };
    for (const { status, body } of [await post(app, 'token', inBody), await post(app, 'token', form, machine)]) {
      expect([status, await list(body.access_token)]).toEqual([200, 200]);
    }
  });

  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'] as const)('takes an assertion signed by %s', async (algorithm) => {
    const { machine, proof } = await aSigner(algorithm);
    const { status, body } = await post(app, 'token', { ...form, ...(await proof()) });
    expect([status, claimsOf(body.access_token)['sub']]).toEqual([200, machine.id]);
    expect(await list(body.access_token)).toBe(200);
  });

  it('takes no secret of a machine that signs', async () => {
    const { machine } = await aSigner('ES256');
    for (const secret of ['x', 'kept as a hash']) {
      expect((await post(app, 'token', form, { ...machine, secret })).body.error).toBe('invalid_client');
    }
  });

  it('takes no secret but its own, not even what stands for one', async () => {
    const [machine, other] = [await aMachine(admin), await aMachine(admin)];
    for (const secret of ['x', 'kept as a hash', other.secret ?? '', `${machine.secret}x`]) {
      const { status, body, headers } = await post(app, 'token', form, { ...machine, secret });
      expect([status, body.error]).toEqual([401, 'invalid_client']);
      expect(headers.get('www-authenticate')).toMatch(/^Basic realm="http/);
    }
  });

  it.each<[string, string | undefined, string]>([
    ['all it has where none is named', undefined, 'data:read data:write'],
    ['the one that is named', 'data:read', 'data:read'],
    ['those of the named ones that it has', 'data:write users:read', 'data:write'],
    ['each once', 'data:read data:read', 'data:read'],
  ])('gives %s', async (_, scope, given) => {
    const machine = await aMachine(admin);
    const { body } = await post(app, 'token', { ...form, ...(scope && { scope }) }, machine);
    expect([body.scope, claimsOf(body.access_token)['scope']]).toEqual([given, given]);
  });

  it.each(['users:read', 'superuser', 'openid', 'openid profile', 'DATA:READ'])(
    'gives nothing where it may have nothing of %s',
    async (scope) => {
      const { status, body } = await post(app, 'token', { ...form, scope }, await aMachine(admin));
      expect([status, body.error, body.access_token]).toEqual([400, 'invalid_scope', undefined]);
    },
  );

  it('gives none of what is a person’s to a client that acts for people too', async () => {
    const scopes = [
      'openid',
      'data:read',
      'profile:write',
      'users:write',
      'keys:read',
      'clients:write',
      'sessions:write',
    ];
    const grantTypes = ['authorization_code', 'client_credentials'];
    const both = await aWebClient(admin, { grantTypes, scopes });
    expect(claimsOf(await machineToken(app, both))['scope']).toBe('data:read');
    const { status, body } = await post(app, 'token', { ...form, scope: 'profile:write' }, both);
    expect([status, body.error]).toEqual([400, 'invalid_scope']);
  });

  it('gives tokens for the API alone', async () => {
    const machine = await aMachine(admin);
    const evil = await post(app, 'token', { ...form, resource: 'https://evil.example/api' }, machine);
    expect([evil.status, evil.body.error]).toEqual([400, 'invalid_target']);
    const ours = await post(app, 'token', { ...form, resource: `${app.url}/api` }, machine);
    expect([ours.status, claimsOf(ours.body.access_token)['aud']]).toEqual([200, `${app.url}/api`]);
  });
});

describe('POST /oauth/introspect and /oauth/revoke', () => {
  const introspect = async (token: string, machine: TestClient) =>
    (await post(app, 'introspect', { token }, machine)).body;

  it('tell a machine what its token is worth, until it gives it back', async () => {
    const machine = await aMachine(admin);
    const token = await machineToken(app, machine);
    const { exp, iat, jti } = claimsOf(token);
    expect(await introspect(token, machine)).toEqual({
      active: true,
      scope: 'data:read data:write',
      client_id: machine.id,
      token_type: 'Bearer',
      exp,
      iat,
      jti,
      sub: machine.id,
      aud: `${app.url}/api`,
      iss: `${app.url}/oauth`,
    });
    const { status, text } = await post(app, 'revoke', { token }, machine);
    expect([status, text, await list(token), await introspect(token, machine)]).toEqual([
      200,
      '',
      401,
      { active: false },
    ]);
    expect((await post(app, 'revoke', { token }, machine)).status).toBe(200);
    const sql = `SELECT 1 FROM audit_events WHERE action = 'access_token.revoked' AND target_id = $1`;
    expect(await app.db.query(sql, [jti])).toHaveLength(1);
  });

  it('are for those who prove who they are', async () => {
    const machine = await aMachine(admin);
    const token = await machineToken(app, machine);
    for (const endpoint of ['introspect', 'revoke']) {
      expect((await post(app, endpoint, { token })).status).toBe(400);
      expect((await post(app, endpoint, { token }, { ...machine, secret: 'x' })).status).toBe(401);
      expect((await post(app, endpoint, {}, machine)).body.error).toBe('invalid_request');
    }
    expect(await list(token)).toBe(200);
  });
});
