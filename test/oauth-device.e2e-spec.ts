import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { Browse, type Visited } from './support/browse.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { post } from './support/oauth.js';
import { placeOf, RelyingParty, startIssuer } from './support/relying-party.js';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

let app: TestApp;
let party: RelyingParty;
let user: TestCaller;

beforeAll(async () => {
  app = await startIssuer();
  party = await RelyingParty.of(app, await asAdmin(app), {
    name: 'Television',
    applicationType: 'native',
    tokenEndpointAuthMethod: 'none',
    grantTypes: [GRANT, 'refresh_token'],
    redirectUris: undefined,
    postLogoutRedirectUris: undefined,
  });
  user = await asUser(app);
});
afterAll(() => app.stop());

const start = () => client.initiateDeviceAuthorization(party.config, { scope: 'openid data:read' });
type Started = Awaited<ReturnType<typeof start>>;
/** What the device hears when it asks. */
const ask = ({ device_code }: Started) =>
  post(app, 'token', { grant_type: GRANT, device_code, client_id: party.registered.id });

/** Types a code, signs in where that is asked, and allows. */
async function typeIn(browser: Browse, code: string): Promise<Visited> {
  await browser.get('/oauth/device');
  return browser.submit({ user_code: code });
}
async function signIn(browser: Browse): Promise<Visited> {
  return browser.submit({ email: user.email, password: user.password });
}

describe('GET /oauth/device', () => {
  it('connects a device by its code: shows it again, signs in, asks, and says that it is done', async () => {
    const started = await start();
    expect([started.verification_uri, started.expires_in]).toEqual([`${app.url}/device`, 600]);
    expect((await ask(started)).body.error).toBe('authorization_pending');
    const browser = new Browse(app.url);
    const confirm = await typeIn(browser, started.user_code);
    expect(confirm.html).toContain('Is this your device?');
    expect(confirm.html).toContain('Television');
    expect(confirm.html).toContain(started.user_code);
    expect(placeOf(await browser.submit({ confirm: 'yes' }))).toBe('/login/:uid');
    expect(placeOf(await signIn(browser))).toBe('/consent/:uid');
    const done = await browser.submit({ decision: 'allow' });
    expect([done.status, done.html.includes('Device connected')]).toEqual([200, true]);
    const { status, body } = await ask(started);
    expect([status, body.scope]).toEqual([200, 'data:read']);
    expect((await app.call('GET', '/api/v1/data', { token: body.access_token })).status).toBe(200);
  });

  it('leads nobody away: the page that asks names no address, and has a policy for our own alone', async () => {
    const browser = new Browse(app.url);
    await typeIn(browser, (await start()).user_code);
    await browser.submit({ confirm: 'yes' });
    const page = await signIn(browser);
    expect([placeOf(page), page.html.includes('You will be sent to')]).toEqual(['/consent/:uid', false]);
    expect(page.headers['content-security-policy']).toMatch(/form-action 'self'(;|$)/);
  });

  it('fills in the code of a link, and sends it for nobody', async () => {
    const started = await start();
    const browser = new Browse(app.url);
    const page = await browser.get(started.verification_uri_complete ?? '');
    expect(page.html).toMatch(new RegExp(`name="user_code"[^>]*value="${started.user_code}"`, 's'));
    expect(page.html).not.toContain('Is this your device?');
    expect((await browser.submit()).html).toContain('Is this your device?');
  });

  it('gives nothing to a device that somebody says is not theirs', async () => {
    const started = await start();
    const browser = new Browse(app.url);
    await typeIn(browser, started.user_code);
    const page = await browser.submit({ abort: 'yes' });
    expect(page.html).toContain('Device not connected');
    expect((await ask(started)).body.error).toBe('access_denied');
  });

  it('gives nothing where the consent is refused', async () => {
    const started = await start();
    const browser = new Browse(app.url);
    await typeIn(browser, started.user_code);
    await browser.submit({ confirm: 'yes' });
    await signIn(browser);
    const page = await browser.submit({ decision: 'cancel' });
    expect(page.html).toContain('Device not connected');
    expect((await ask(started)).body.error).toBe('access_denied');
  });

  it('asks each time, whoever connected such a device before', async () => {
    const browser = new Browse(app.url);
    const places = [];
    for (let times = 0; times < 2; times += 1) {
      await typeIn(browser, (await start()).user_code);
      const next = await browser.submit({ confirm: 'yes' });
      places.push(placeOf(next));
      if (placeOf(next) === '/login/:uid') await signIn(browser);
      await browser.submit({ decision: 'allow' });
    }
    expect(places).toEqual(['/login/:uid', '/consent/:uid']);
  });
});

describe('POST /oauth/device', () => {
  it.each(['AAAA-AAAA', '<script>', ' '])('says what to do about the code %j', async (code) => {
    const page = await typeIn(new Browse(app.url), code);
    expect(page.html).toContain('That code is wrong, was used, or is over.');
    expect(page.html).not.toContain('<script>');
  });

  it('takes a code once', async () => {
    const started = await start();
    const browser = new Browse(app.url);
    await typeIn(browser, started.user_code);
    await browser.submit({ confirm: 'yes' });
    await signIn(browser);
    await browser.submit({ decision: 'allow' });
    const again = await typeIn(new Browse(app.url), started.user_code);
    expect(again.html).toContain('That code is wrong, was used, or is over.');
    expect((await ask(started)).status).toBe(200);
    expect((await ask(started)).body.error).toBe('invalid_grant');
  });

  it('does not mind how a code is typed', async () => {
    const started = await start();
    const page = await typeIn(new Browse(app.url), ` ${started.user_code.toLowerCase().replace('-', ' ')} `);
    expect(page.html).toContain('Is this your device?');
  });
});
