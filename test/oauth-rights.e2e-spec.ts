import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, asUser, claimsOf, type TestCaller } from './support/callers.js';
import { aPersonAt, authorizationPath, aWebClient, type Person, refresh, startOAuth } from './support/code-flow.js';
import { aRecord } from './support/factories.js';
import type { Answer } from './support/http.js';
import { post, type TestClient } from './support/oauth.js';
import { type Instance, startInstance } from './support/process.js';
import { steppedUp, withTotp } from './support/totp.js';
import { until } from '../scripts/lib/until.mjs';

const DEADLINE_MS = 1000;

let app: TestApp;
let second: Instance;
let admin: TestCaller;

beforeAll(async () => {
  app = await startOAuth();
  second = await startInstance({ ...app.settings, PORT: '0' });
  admin = await steppedUp(app, await withTotp(app, await asAdmin(app)));
});
afterAll(async () => {
  await second.stop();
  await app.stop();
});

/** A person, a client of theirs or of the administrators, and what the person has given it. */
interface World {
  readonly person: Person;
  readonly client: TestClient;
  readonly tokens: { access_token: string; refresh_token: string };
}

const SCOPES = ['data:read', 'data:write', 'data:restricted', 'profile:read'];

async function aWorld(owner: TestCaller = admin, roles = ['user']): Promise<World> {
  const person = await aPersonAt(app, roles);
  const client = await aWebClient(owner, { scopes: ['openid', ...SCOPES] });
  return { person, client, tokens: await person.tokens(client, { scope: SCOPES.join(' ') }) };
}

type Ask = (to: { call: TestApp['call'] }, world: World) => Promise<Answer>;
const lists: Ask = ({ call }, { tokens }) => call('GET', '/api/v1/data', { token: tokens.access_token });
const writes: Ask = ({ call }, { tokens }) =>
  call('POST', '/api/v1/data', { token: tokens.access_token, json: aRecord() });
const introspects: Ask = ({ call }, { tokens, client }) =>
  post({ call }, 'introspect', { token: tokens.access_token }, client);

/** Expects that what one process answered is true on both a second later at the latest, though both had it in memory. */
async function expectFollowed(world: World, ask: Ask, change: () => Promise<Answer>, refusal: [number, string]) {
  for (const to of [app, app, second, second]) expect((await ask(to, world)).status).toBeLessThan(300);
  const { status, text } = await change();
  const since = performance.now();
  expect([200, 201, 204], text).toContain(status);
  for (const to of [second, app]) {
    await until(async () => (await ask(to, world)).status === refusal[0], DEADLINE_MS, since);
    const { status: last, body } = await ask(to, world);
    expect([last, body.code]).toEqual(refusal);
  }
}

const patch = (path: string, json: object) => admin.call('PATCH', path, { json });
const GONE: [number, string] = [401, 'token_invalid'];
const NOT_HELD: [number, string] = [403, 'insufficient_scope'];

describe('a token in use', () => {
  const endings: Record<string, (world: World) => Promise<Answer>> = {
    'the person is disabled': ({ person }) => patch(`/api/v1/users/${person.caller.id}`, { status: 'disabled' }),
    'the client is disabled': ({ client }) => patch(`/api/v1/oauth-clients/${client.id}`, { status: 'disabled' }),
    'the client is deleted': ({ client }) => admin.call('DELETE', `/api/v1/oauth-clients/${client.id}`),
    'the grant is ended': async ({ person: { caller } }) => {
      const { body } = await caller.call('GET', '/api/v1/users/me/grants');
      return caller.call('DELETE', `/api/v1/users/me/grants/${body.items[0].id}`);
    },
    'the client gives it back': ({ client, tokens }) => post(app, 'revoke', { token: tokens.access_token }, client),
    'the client gives the refresh token back': ({ client, tokens }) =>
      post(app, 'revoke', { token: tokens.refresh_token }, client),
    'a refresh token is used twice': async ({ client, tokens }) => {
      await refresh(app, client, tokens.refresh_token);
      expect((await refresh(app, client, tokens.refresh_token)).status).toBe(400);
      return { status: 204, text: '' } as Answer;
    },
  };

  it.each(Object.keys(endings))('is nothing on two instances a second after %s', async (ending) => {
    const world = await aWorld();
    await expectFollowed(world, lists, () => endings[ending]?.(world) as Promise<Answer>, GONE);
    for (const to of [app, second]) {
      const answer = await introspects(to, world);
      // A client that is gone proves nothing any more.
      expect(answer.body).toEqual(
        ending.startsWith('the client is') ? expect.objectContaining({ error: 'invalid_client' }) : { active: false },
      );
      const { body } = await refresh(to, world.client, world.tokens.refresh_token);
      if (ending !== 'the client gives it back') expect(body.error).toMatch(/^invalid_(grant|client)$/);
    }
  });

  it('is nothing while the owner of its client is disabled, who is somebody else', async () => {
    const owner = await asUser(app);
    const world = await aWorld(owner);
    const disable = () => patch(`/api/v1/users/${owner.id}`, { status: 'disabled' });
    await expectFollowed(world, lists, disable, GONE);
    expect((await refresh(second, world.client, world.tokens.refresh_token)).body.error).toBe('invalid_client');
    await patch(`/api/v1/users/${owner.id}`, { status: 'active' });
    await until(async () => (await lists(second, world)).status === 200, DEADLINE_MS);
    expect((await refresh(second, world.client, world.tokens.refresh_token)).status).toBe(200);
  });

  it('writes no more when the person may not, and gets nothing by a refresh', async () => {
    const world = await aWorld();
    const { id } = world.person.caller;
    await expectFollowed(world, writes, () => patch(`/api/v1/users/${id}`, { roles: ['reader'] }), NOT_HELD);
    expect((await lists(second, world)).status).toBe(200);
    const refreshed = await refresh(second, world.client, world.tokens.refresh_token);
    expect([refreshed.status, sorted(refreshed.body.scope)]).toEqual([200, ['data:read', 'profile:read']]);
    expect(sorted(claimsOf(refreshed.body.access_token)['scope'])).toEqual(['data:read', 'profile:read']);
    await patch(`/api/v1/users/${id}`, { roles: ['user'] });
    await until(async () => (await writes(second, world)).status === 201, DEADLINE_MS);
    // What was allowed is given again, now that it is held again.
    const again = await refresh(app, world.client, refreshed.body.refresh_token);
    expect(sorted(again.body.scope)).toEqual(SCOPES.toSorted());
  });

  it('gets no more by a refresh than its client is registered for by now', async () => {
    const world = await aWorld();
    const { status } = await patch(`/api/v1/oauth-clients/${world.client.id}`, { scopes: ['openid', 'data:read'] });
    expect(status).toBe(200);
    for (const to of [second, app]) {
      const { body } = await refresh(to, world.client, world.tokens.refresh_token);
      expect(body.scope).toBe('data:read');
      world.tokens.refresh_token = body.refresh_token;
    }
    const wider = { grant_type: 'refresh_token', refresh_token: world.tokens.refresh_token, scope: 'users:read' };
    expect((await post(app, 'token', wider, world.client)).body.error).toBe('invalid_scope');
  });

  it('writes no more on two instances a second after its client is registered for less', async () => {
    const world = await aWorld();
    const path = `/api/v1/oauth-clients/${world.client.id}`;
    await expectFollowed(world, writes, () => patch(path, { scopes: ['openid', 'data:read'] }), NOT_HELD);
  });

  it('holds what was chosen last: less in a second consent counts for tokens before it', async () => {
    const world = await aWorld();
    const less = async () => {
      const { browser, caller } = world.person;
      await browser.get(authorizeAgain(world.client));
      if (browser.page?.url.includes('/login/'))
        await browser.submit({ email: caller.email, password: caller.password });
      const back = await browser.submit({ decision: 'allow', scope: ['data:read'] });
      return { status: back.location ? 204 : 500, text: back.html } as Answer;
    };
    await expectFollowed(world, writes, less, NOT_HELD);
    expect((await lists(second, world)).status).toBe(200);
  });
});

describe('what a person does not hold', () => {
  it('is not given, also by whom it is asked for and allowed', async () => {
    const { person, client } = await aWorld(admin, ['reader']);
    const { access_token, scope } = await person.tokens(client, { scope: SCOPES.join(' '), prompt: 'consent' });
    expect([sorted(scope), sorted(claimsOf(access_token)['scope'])]).toEqual([
      ['data:read', 'profile:read'],
      ['data:read', 'profile:read'],
    ]);
  });

  it('keeps restricted records from a client that was not allowed them', async () => {
    const { person, client, tokens } = await aWorld();
    const json = aRecord({ classification: 'restricted' });
    const { body: record } = await person.caller.call('POST', '/api/v1/data', { json });
    const few = await aWebClient(admin, { scopes: ['data:read', 'data:write'] });
    const { access_token } = await person.tokens(few, { scope: 'data:read data:write data:restricted' });
    for (const { call } of [app, second]) {
      expect((await call('GET', `/api/v1/data/${record.id}`, { token: access_token })).status).toBe(404);
      expect((await call('GET', '/api/v1/data', { token: access_token })).body.items).toEqual([]);
      expect((await call('POST', '/api/v1/data', { token: access_token, json })).body.code).toBe('insufficient_scope');
      expect((await call('GET', `/api/v1/data/${record.id}`, { token: tokens.access_token })).status).toBe(200);
    }
    const narrow = await refresh(app, client, tokens.refresh_token);
    expect((await app.call('GET', `/api/v1/data/${record.id}`, { token: narrow.body.access_token })).status).toBe(200);
  });
});

const sorted = (scope: unknown): string[] => String(scope).split(' ').toSorted();
const authorizeAgain = (client: TestClient): string =>
  authorizationPath(client, { scope: SCOPES.join(' '), prompt: 'consent' });
