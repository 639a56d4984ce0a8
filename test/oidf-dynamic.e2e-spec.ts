import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../scripts/lib/until.mjs';
import { Browse } from './support/browse.js';
import { claimsOf } from './support/callers.js';
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

const FOLLOW_MS = 10_000;
const WITH_QUERY = 'https://app.example/callback?foo=bar';
const OFFLINE = { scope: 'openid offline_access', prompt: 'consent' };

/** Nobody is asked, nobody is sent anywhere, and a page says so. */
async function expectErrorPage(of: Party, changes: Record<string, string | undefined>): Promise<void> {
  const { params } = await of.request(changes);
  const { page, back, asked } = await of.travel(new Browse(server.origin), await server.person(), of.plainLink(params));
  expect({ back, asked, status: page.status }).toEqual({ back: undefined, asked: [], status: 400 });
  expect(page.headers['content-type']).toContain('text/html');
}

describe('the Dynamic plan: redirect URIs', () => {
  it('oidcc-ensure-redirect-uri-in-authorization-request: have to be sent where a client has two', async () => {
    const two = await Party.start(server, { redirectUris: ['https://app.example/one', 'https://app.example/two'] });
    await expectErrorPage(two, { redirect_uri: undefined });
  });

  it('oidcc-redirect-uri-query-OK: may have a query, which comes back', async () => {
    const other = await Party.start(server, { redirectUris: [WITH_QUERY] });
    const { journey, form, person } = await other.code();
    expect(journey.back?.href.startsWith(`${WITH_QUERY}&code=`)).toBe(true);
    // openid-client takes every query off, and would send another redirect URI than it was sent to.
    const { status, body } = await other.post('token_endpoint', form);
    expect(status).toBe(200);
    expect(claimsOf(body.id_token)).toMatchObject({ sub: person.id, aud: other.registered.id });
  });

  it('oidcc-redirect-uri-query-mismatch: are refused with another query', async () => {
    const other = await Party.start(server, { redirectUris: [WITH_QUERY] });
    await expectErrorPage(other, { redirect_uri: 'https://app.example/callback?foo=baz' });
  });

  it('oidcc-redirect-uri-query-added: are refused with a query where they were registered without', async () => {
    await expectErrorPage(party, { redirect_uri: WITH_QUERY });
  });

  it('oidcc-redirect-uri-regfrag: are not registered with a fragment', async () => {
    await expect(server.register({ redirectUris: ['https://app.example/callback#foo'] })).rejects.toThrow(
      /fragment|redirect_uris/,
    );
    await expect(server.register({ redirectUris: ['https://app.example/callback'] })).resolves.toBeTruthy();
  });
});

describe('the Dynamic plan: keys', () => {
  it('oidcc-idtoken-rs256: ID tokens are signed by RS256', async () => {
    const { tokens } = await party.flow();
    expect(decodeProtectedHeader(tokens.id_token ?? '')).toMatchObject({ alg: 'RS256', kid: expect.any(String) });
  });

  it('oidcc-server-rotate-keys: of the server change, and the old one is still published', async () => {
    const kids = async () => {
      const { body } = await callerOf('')('GET', party.endpoint('jwks_uri'));
      return (body.keys as { kid: string }[]).map(({ kid }) => kid);
    };
    const [before, old] = [await kids(), (await party.flow()).tokens.id_token ?? ''];
    await server.rotateKeys();
    const after = await kids();
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after.length).toBeGreaterThan(before.length);
    // A key is published before it signs.
    let fresh = '';
    await until(async () => {
      fresh = (await party.flow()).tokens.id_token ?? '';
      return !before.includes(decodeProtectedHeader(fresh).kid ?? '');
    }, FOLLOW_MS);
    const keys = createRemoteJWKSet(new URL(party.endpoint('jwks_uri')));
    for (const token of [old, fresh]) {
      expect((await jwtVerify(token, keys)).payload.iss).toBe(server.issuer);
    }
  });

  it('oidcc-refresh-token-rp-key-rotation: of a client change, and it refreshes with the new one', async () => {
    const signing = await Party.start(server, { method: 'private_key_jwt' });
    const { tokens } = await signing.flow(OFFLINE);
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    const byOldKey = await signing.assertion();
    await signing.rotateKey();
    expect(await signing.post('token_endpoint', form, { assertion: byOldKey })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect((await signing.post('token_endpoint', form)).status).toBe(200);
  });

  it('oidcc-ensure-client-assertion-with-iss-aud-succeeds: assertions may be for the issuer', async () => {
    const signing = await Party.start(server, { method: 'private_key_jwt' });
    const { form } = await signing.code();
    const assertion = await signing.assertion({ aud: server.issuer });
    expect((await signing.post('token_endpoint', form, { assertion })).status).toBe(200);
  });
});
