import { UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browse } from './support/browse.js';
import type { Journey } from './support/oidf-journey.js';
import { Party } from './support/oidf-party.js';
import { type OidfServer, startOidfServer } from './support/oidf-server.js';

let server: OidfServer;
let party: Party;

beforeAll(async () => {
  server = await startOidfServer();
  party = await Party.start(server);
});
afterAll(() => server.stop());

/** What becomes of a request as it stands, in a browser that nobody is signed in to. */
async function outcome(params: Record<string, string | undefined>): Promise<Journey> {
  return party.travel(new Browse(server.origin), await server.person(), party.plainLink(params));
}
const errorOf = ({ back }: Journey) => back?.searchParams.get('error');

describe('the Basic plan: parameters that change nothing here', () => {
  it.each([
    ['oidcc-display-page: shows a login page', { display: 'page' }],
    ['oidcc-display-popup: shows a login page', { display: 'popup' }],
    [
      'oidcc-ensure-request-with-unknown-parameter-succeeds: ignores a parameter that nobody has defined',
      { extra: 'foobar' },
    ],
    ['oidcc-ui-locales: signs in whatever languages the pages are wanted in', { ui_locales: 'se' }],
    ['oidcc-claims-locales: signs in whatever languages the claims are wanted in', { claims_locales: 'se' }],
    [
      'oidcc-claims-essential: signs in where a claim is essential',
      { claims: JSON.stringify({ userinfo: { name: { essential: true } } }) },
    ],
  ])('%s', async (_, changes: Record<string, string>) => {
    const { journey, claims, person } = await party.flow(changes);
    expect(journey.asked).toEqual(['login', 'consent']);
    expect(claims.sub).toBe(person.id);
  });

  it('oidcc-login-hint: signs in with a hint, and fills it in', async () => {
    const browser = new Browse(server.origin);
    const person = await server.person();
    const asked = await party.request({ login_hint: person.email });
    const page = await browser.get(party.plainLink(asked.params));
    expect(page.html).toContain(`value="${person.email}"`);
    const journey = await party.goOn(browser, person, page);
    expect((await party.redeem(asked, journey)).claims.sub).toBe(person.id);
  });

  it('oidcc-ensure-request-with-acr-values-succeeds: says which of the levels it was', async () => {
    const offered = party.config.serverMetadata().acr_values_supported ?? [];
    expect(offered.length).toBeGreaterThan(0);
    const { claims } = await party.flow({ acr_values: offered.join(' ') });
    if (server.tellsLevels) expect(offered).toContain(claims['acr']);
  });
});

describe('the Basic plan: requests that are refused', () => {
  it('oidcc-response-type-missing: says that the type of the response is missing', async () => {
    const journey = await outcome((await party.request({ response_type: undefined })).params);
    expect(['unsupported_response_type', 'invalid_request']).toContain(errorOf(journey));
    expect(journey.asked).toEqual([]);
  });

  it('oidcc-ensure-registered-redirect-uri: shows a page, and sends nobody to an address it does not know', async () => {
    const { page, back } = await outcome(
      (await party.request({ redirect_uri: 'https://other.example/callback' })).params,
    );
    expect(back).toBeUndefined();
    expect(page.status).toBe(400);
    expect(page.headers['content-type']).toContain('text/html');
  });

  it('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported: fetches no request', async () => {
    const { params } = await party.request();
    const journey = await outcome({ ...params, request_uri: 'https://app.example/request.jwt' });
    expect(errorOf(journey)).toBe('request_uri_not_supported');
    expect(journey.back?.searchParams.get('state')).toBe(params['state']);
  });

  it('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported: reads no request object', async () => {
    const { params } = await party.request();
    const journey = await outcome({ ...params, request: new UnsecuredJWT(params).encode() });
    expect(errorOf(journey)).toBe('request_not_supported');
  });

  it('oidcc-ensure-request-object-with-redirect-uri: goes to no other address than a request object has', async () => {
    const { params } = await party.request();
    const elsewhere = { ...params, redirect_uri: 'https://other.example/callback' };
    const { page, back } = await outcome({ ...elsewhere, request: new UnsecuredJWT(params).encode() });
    expect(back).toBeUndefined();
    expect(page.status).toBe(400);
  });
});
