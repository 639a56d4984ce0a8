import * as client from 'openid-client';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callerOf } from './support/http.js';
import { Party } from './support/oidf-party.js';
import { type OidfServer, startOidfServer } from './support/oidf-server.js';

let server: OidfServer;
let party: Party;

beforeAll(async () => {
  server = await startOidfServer();
  party = await Party.start(server);
});
afterAll(() => server.stop());

const invalidGrant = { status: 400, body: { error: 'invalid_grant' } };
const OFFLINE = { scope: 'openid offline_access', prompt: 'consent' };

describe('the Basic plan: ID tokens', () => {
  it('oidcc-idtoken-signature: are signed by RS256 with a key that is published', async () => {
    const { tokens, claims } = await party.flow();
    const keys = createRemoteJWKSet(new URL(party.endpoint('jwks_uri')));
    const { payload, protectedHeader } = await jwtVerify(tokens.id_token ?? '', keys, {
      issuer: server.issuer,
      audience: party.registered.id,
      algorithms: ['RS256'],
    });
    expect(payload).toEqual(claims);
    expect(protectedHeader.kid).toBeTruthy();
  });
});

describe('the Basic plan: the UserInfo endpoint', () => {
  it('oidcc-userinfo-get: answers a GET with the token in a header', async () => {
    const { tokens, person } = await party.flow();
    const { status, body, headers } = await party.userInfo(tokens.access_token);
    expect({ status, sub: body.sub }).toEqual({ status: 200, sub: person.id });
    expect(headers.get('content-type')).toContain('application/json');
  });

  it('oidcc-userinfo-post-header: answers a POST with the token in a header', async () => {
    const { tokens, person } = await party.flow();
    expect(await party.userInfo(tokens.access_token, { method: 'POST' })).toMatchObject({
      status: 200,
      body: { sub: person.id },
    });
  });

  it('oidcc-userinfo-post-body: answers a POST with the token in the form', async () => {
    const { tokens, person } = await party.flow();
    const raw = new URLSearchParams({ access_token: tokens.access_token }).toString();
    const type = 'application/x-www-form-urlencoded';
    const answer = await callerOf('')('POST', party.endpoint('userinfo_endpoint'), { raw, type });
    expect(answer).toMatchObject({ status: 200, body: { sub: person.id } });
  });

  it('refuses a token that it has not given', async () => {
    const { status, headers } = await party.userInfo('invented');
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('oidcc-scope-profile: tells of the profile', async () => {
    const { tokens, claims } = await party.flow({ scope: 'openid profile' });
    const info = await client.fetchUserInfo(party.config, tokens.access_token, claims.sub);
    expect(info).toMatchObject({
      name: 'Somebody',
      preferred_username: expect.any(String),
      updated_at: expect.any(Number),
    });
    expect(info).not.toHaveProperty('email');
  });

  it('oidcc-scope-email: tells the address, and whether it was verified', async () => {
    const { tokens, claims, person } = await party.flow({ scope: 'openid email' });
    const info = await client.fetchUserInfo(party.config, tokens.access_token, claims.sub);
    expect(info).toMatchObject({ email: person.email, email_verified: false });
    expect(info).not.toHaveProperty('name');
    expect(claims).not.toHaveProperty('email');
  });
});

describe('the Basic plan: codes', () => {
  it('oidcc-codereuse: are for one use', async () => {
    const { form } = await party.code();
    expect((await party.post('token_endpoint', form)).status).toBe(200);
    expect(await party.post('token_endpoint', form)).toMatchObject(invalidGrant);
  });

  it('oidcc-codereuse-30seconds: end with what was given for them when they come back later', async () => {
    const { form } = await party.code();
    const { body } = await party.post('token_endpoint', form);
    expect((await party.userInfo(body.access_token)).status).toBe(200);
    await server.pass(30);
    expect(await party.post('token_endpoint', form)).toMatchObject(invalidGrant);
    expect((await party.userInfo(body.access_token)).status).toBe(401);
  });
});

describe('the Basic plan: refresh tokens', () => {
  it('oidcc-refresh-token: give new tokens of the same person', async () => {
    const { tokens, claims } = await party.flow(OFFLINE);
    const next = await client.refreshTokenGrant(party.config, tokens.refresh_token ?? '');
    expect(next.access_token).not.toBe(tokens.access_token);
    expect(await client.fetchUserInfo(party.config, next.access_token, claims.sub)).toMatchObject({ sub: claims.sub });
    const of = next.claims();
    // OpenID Connect Core section 12.2.
    expect(of ?? claims).toMatchObject({ iss: claims.iss, sub: claims.sub, aud: claims.aud });
    expect(of?.auth_time ?? claims.auth_time).toBe(claims.auth_time);
    expect(decodeProtectedHeader(next.id_token ?? tokens.id_token ?? '')).toMatchObject({ alg: 'RS256' });
  });

  it('oidcc-refresh-token: are bound to their client', async () => {
    const other = await Party.start(server);
    const { tokens } = await party.flow(OFFLINE);
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    expect(await other.post('token_endpoint', form)).toMatchObject(invalidGrant);
    expect((await party.post('token_endpoint', form)).status).toBe(200);
  });
});
