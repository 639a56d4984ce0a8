import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callerOf } from './support/http.js';
import { Party } from './support/oidf-party.js';
import { type OidfServer, startOidfServer } from './support/oidf-server.js';

let server: OidfServer;
let party: Party;
let metadata: Record<string, unknown>;

const read = callerOf('');

beforeAll(async () => {
  server = await startOidfServer();
  party = await Party.start(server, { isFapi: true });
  metadata = (await read('GET', `${server.issuer}/.well-known/openid-configuration`)).body as Record<string, unknown>;
});
afterAll(() => server.stop());

interface Key extends JsonWebKey {
  readonly kid?: string;
  readonly use?: string;
}

const list = (name: string): string[] => {
  const value = metadata[name];
  if (!Array.isArray(value)) throw new Error(`${name} is no list`);
  return value as string[];
};

describe('the Config plan', () => {
  it('oidcc-discovery-endpoint-verification: says what every provider has to say, and says it truly', async () => {
    expect(metadata['issuer']).toBe(server.issuer);
    for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint']) {
      expect(String(metadata[name])).toMatch(new RegExp(`^${server.issuer}/[\\w/-]+$`));
    }
    expect(list('response_types_supported')).toContain('code');
    expect(list('subject_types_supported')).toContain('public');
    expect(list('id_token_signing_alg_values_supported')).toContain('RS256');
    expect(list('scopes_supported')).toContain('openid');
    expect(list('claims_supported')).toEqual(expect.arrayContaining(['sub', 'name', 'email']));
    expect(list('grant_types_supported')).toEqual(expect.arrayContaining(['authorization_code', 'refresh_token']));
    expect(list('token_endpoint_auth_methods_supported')).toContain('client_secret_basic');
    expect(metadata['claims_parameter_supported']).toBe(false);
    expect(metadata['request_uri_parameter_supported']).toBe(false);
    expect(metadata['request_parameter_supported'] ?? false).toBe(false);
  });

  it('oidcc-discovery-endpoint-verification: publishes keys that are public, strong, and told apart', async () => {
    const { body } = await read('GET', party.endpoint('jwks_uri'));
    const keys = body.keys as Key[];
    expect(keys.length).toBeGreaterThan(0);
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
    for (const key of keys) {
      expect(key).toMatchObject({ kid: expect.any(String), use: 'sig' });
      for (const secret of ['d', 'p', 'q', 'k']) expect(key).not.toHaveProperty(secret);
      const { modulusLength, namedCurve } = createPublicKey({ key, format: 'jwk' }).asymmetricKeyDetails ?? {};
      expect(namedCurve === 'prime256v1' || (modulusLength ?? 0) >= 2048).toBe(true);
    }
  });
});

describe('the FAPI 2.0 plan', () => {
  it('fapi2-security-profile-final-discovery-end-point-verification: offers what the profile asks for', () => {
    expect(metadata['pushed_authorization_request_endpoint']).toMatch(/^http/);
    expect(metadata['authorization_response_iss_parameter_supported']).toBe(true);
    expect(list('token_endpoint_auth_methods_supported')).toContain('private_key_jwt');
    expect(list('token_endpoint_auth_signing_alg_values_supported')).toEqual(
      expect.arrayContaining(['ES256', 'EdDSA']),
    );
    expect(list('code_challenge_methods_supported')).toEqual(['S256']);
    expect(list('response_types_supported')).toEqual(['code']);
    const ofFapi = new Set(['PS256', 'ES256', 'EdDSA', 'Ed25519']);
    expect(list('dpop_signing_alg_values_supported').filter((alg) => !ofFapi.has(alg))).toEqual([]);
  });
});
