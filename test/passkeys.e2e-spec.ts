import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { PasskeyBrowser } from './support/browser.js';
import { asUser, claimsOf, type TestCaller } from './support/callers.js';
import { signIn } from './support/passkeys.js';
import { findBrowser, skips } from './support/programs.js';

const PATH = '/api/v1/users/me/passkeys';

describe.skipIf(skips(findBrowser() ? null : 'chromium is not installed'))('passkeys in a browser', () => {
  let app: TestApp;
  let origin: string;
  let browser: PasskeyBrowser;
  let elsewhere: Server;
  let me: TestCaller;
  let id: string;

  beforeAll(async () => {
    // The origin is a part of what is signed: the browser has to come by the name that the settings say.
    const PORT = String(await freePort());
    origin = `http://localhost:${PORT}`;
    app = await startApp({ PORT, PUBLIC_URL: origin });
    elsewhere = createServer((_, response) => response.end('a page of somebody else')).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    browser = await PasskeyBrowser.open(`${origin}/health/live`);
    me = await asUser(app);
  });
  afterAll(async () => {
    await browser?.close();
    elsewhere?.close();
    await app?.stop();
  });

  const foreign = (host: string) => `http://${host}:${(elsewhere.address() as AddressInfo).port}/`;
  const requestOptions = async () => (await app.call('POST', '/api/v1/auth/passkey/options')).body as object;
  const creationOptions = async () => (await me.call('POST', `${PATH}/options`)).body as object;
  const listed = async () => (await me.call('GET', PATH)).body.items as { id: string; name: string }[];

  it('are made and kept', async () => {
    const response = await browser.create(await creationOptions());
    const { status, body } = await me.call('POST', PATH, { json: { name: 'Laptop', response } });
    expect([status, body]).toMatchObject([
      201,
      { name: 'Laptop', deviceType: 'singleDevice', transports: ['internal'] },
    ]);
    id = String(body.id);
    expect((await listed()).map((each) => each.id)).toEqual([id]);
  });

  it('are asked for before anything about them changes, and show who is there', async () => {
    expect((await me.call('POST', `${PATH}/options`)).body.code).toBe('step_up_required');
    const { body: options } = await me.call('POST', '/api/v1/auth/step-up/options');
    expect(options.allowCredentials).toHaveLength(1);
    const json = { response: await browser.get(options) };
    const { status, body } = await me.call('POST', '/api/v1/auth/step-up', { json });
    expect([status, claimsOf(body.access_token)]).toMatchObject([200, { acr: 'aal2', sid: me.sessionId }]);
    const token = String(body.access_token);
    me = { ...me, call: (method, path, more = {}) => app.call(method, path, { token, ...more }) };
    expect((await app.call('POST', '/api/v1/auth/step-up', { json, token })).body.code).toBe('mfa_invalid');
  });

  it('are a second factor beside the password, each answer once', async () => {
    const { email, password } = me;
    const { status, body } = await app.call('POST', '/api/v1/auth/login', { json: { email, password } });
    expect([status, body.code, body.methods]).toEqual([401, 'mfa_required', ['passkey', 'recovery_code']]);
    const json = { challenge: body.challenge, response: await browser.get(body.passkey) };
    const { status: entered, body: tokens } = await app.call('POST', '/api/v1/auth/login/mfa', { json });
    expect([entered, claimsOf(tokens.access_token)]).toMatchObject([200, { acr: 'aal2', sub: me.id }]);
    expect((await app.call('POST', '/api/v1/auth/login/mfa', { json })).body.code).toBe('challenge_invalid');
  });

  it('are made once a device', async () => {
    expect(await browser.create(await creationOptions())).toBe('InvalidStateError');
  });

  it('are renamed', async () => {
    expect((await me.call('PATCH', `${PATH}/${id}`, { json: { name: 'Old laptop' } })).status).toBe(200);
    expect((await listed()).map(({ name }) => name)).toEqual(['Old laptop']);
  });

  it('let their owner in without a password or a name, each answer once', async () => {
    const response = await browser.get(await requestOptions());
    const { status, body } = await signIn(app.call, response);
    expect([status, claimsOf(body.access_token)['sub']]).toEqual([200, me.id]);
    expect((await app.call('GET', '/api/v1/users/me', { token: body.access_token })).body.id).toBe(me.id);
    expect((await signIn(app.call, response)).body.code).toBe('passkey_invalid');
    expect((await signIn(app.call, await browser.get(await requestOptions()))).status).toBe(200);
  });

  it('let nobody in from a page of the same name at another port, though the browser signs', async () => {
    await browser.goto(foreign('localhost'));
    const [made, used] = [await browser.create(await creationOptions()), await browser.get(await requestOptions())];
    expect([made, used]).toEqual(['InvalidStateError', expect.objectContaining({ type: 'public-key' })]);
    expect((await signIn(app.call, used)).body.code).toBe('passkey_invalid');
  });

  it('are not kept when a page of another name made them for itself', async () => {
    await browser.goto(foreign('other.localhost'));
    const options = {
      ...(await creationOptions()),
      rp: { name: 'Rampart', id: 'other.localhost' },
      excludeCredentials: [],
    };
    const response = await browser.create(options);
    expect(response).toMatchObject({ type: 'public-key' });
    expect((await me.call('POST', PATH, { json: { name: 'x', response } })).status).toBe(400);
  });

  it('are not even signed for in a page at an address, or of another name', async () => {
    for (const host of ['127.0.0.1', 'other.localhost']) {
      await browser.goto(foreign(host));
      const options = { ...(await requestOptions()), rpId: host === '127.0.0.1' ? 'localhost' : 'example.com' };
      expect([host, await browser.get(options)]).toEqual([host, 'SecurityError']);
    }
    await browser.goto(`${origin}/health/live`);
  });

  it('let nobody in when they are deleted', async () => {
    const ready = await browser.get(await requestOptions());
    expect((await me.call('DELETE', `${PATH}/${id}`)).status).toBe(204);
    expect(await listed()).toEqual([]);
    for (const response of [ready, await browser.get(await requestOptions())]) {
      expect((await signIn(app.call, response)).body.code).toBe('passkey_invalid');
    }
  });
});
