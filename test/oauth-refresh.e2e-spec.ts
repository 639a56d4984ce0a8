import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, type TestCaller } from './support/callers.js';
import { aPersonAt, aWebClient, refresh, startOAuth } from './support/code-flow.js';
import { post } from './support/oauth.js';
import { steppedUp, withTotp } from './support/totp.js';

let app: TestApp;
let admin: TestCaller;

beforeAll(async () => {
  app = await startOAuth();
  admin = await steppedUp(app, await withTotp(app, await asAdmin(app)));
});
afterAll(() => app.stop());

const grantActions = ({ id }: TestCaller) =>
  app.db.query(
    `SELECT action FROM audit_events WHERE action LIKE 'grant.%' AND details ->> 'userId' = $1 ORDER BY at`,
    [id],
  );

describe('a refresh', () => {
  it('for a scope of OpenID alone gives a token for the userinfo endpoint, and takes nothing away', async () => {
    const client = await aWebClient(admin);
    const person = await aPersonAt(app);
    const { refresh_token } = await person.tokens(client);
    const form = { grant_type: 'refresh_token', client_id: client.id };
    const { status, body } = await post(app, 'token', { ...form, refresh_token, scope: 'openid' }, client);
    expect([status, body.scope]).toEqual([200, 'openid']);
    expect((await app.call('GET', '/oauth/userinfo', { token: body.access_token })).status).toBe(200);
    expect((await app.call('GET', '/api/v1/data', { token: body.access_token })).status).toBe(401);
    const next = await refresh(app, client, body.refresh_token);
    expect([next.status, next.body.scope]).toEqual([200, 'data:read']);
  });

  it('that can give nothing now does not use the token up: it works when the person holds the scope again', async () => {
    const client = await aWebClient(admin, { scopes: ['openid', 'users:read'] });
    const person = await aPersonAt(app, ['auditor']);
    const { refresh_token } = await person.tokens(client, { scope: 'users:read' });
    const become = (role: string) =>
      admin.call('PATCH', `/api/v1/users/${person.caller.id}`, { json: { roles: [role] } });
    await become('user');
    for (let i = 0; i < 2; i += 1) {
      const refused = await refresh(app, client, refresh_token);
      expect([refused.status, refused.body.error]).toEqual([400, 'invalid_scope']);
    }
    await become('auditor');
    expect((await refresh(app, client, refresh_token)).status).toBe(200);
    expect(await grantActions(person.caller)).toEqual([{ action: 'grant.given' }]);
  });
});

describe('POST /oauth/revoke', () => {
  it('of a refresh token ends the grant, and says in the audit which client did', async () => {
    const client = await aWebClient(admin);
    const person = await aPersonAt(app);
    const { refresh_token } = await person.tokens(client);
    await post(app, 'revoke', { token: refresh_token }, client);
    expect((await refresh(app, client, refresh_token)).body.error).toBe('invalid_grant');
    const sql = `SELECT actor_kind, actor_id, request_id IS NOT NULL AS asked FROM audit_events
      WHERE action = 'grant.ended' AND details ->> 'userId' = $1`;
    expect(await app.db.query(sql, [person.caller.id])).toEqual([
      { actor_kind: 'client', actor_id: client.id, asked: true },
    ]);
  });

  it('of an access token for the userinfo endpoint leaves every other token of the person', async () => {
    const client = await aWebClient(admin);
    const person = await aPersonAt(app);
    const [one, two] = [await person.tokens(client, { scope: 'openid email' }), await person.tokens(client)];
    await post(app, 'revoke', { token: one.access_token }, client);
    expect((await app.call('GET', '/oauth/userinfo', { token: one.access_token })).status).toBe(401);
    const refreshed = await Promise.all([one, two].map(({ refresh_token }) => refresh(app, client, refresh_token)));
    expect(refreshed.map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('POST /oauth/introspect', () => {
  it('calls no token active whose person is disabled', async () => {
    const client = await aWebClient(admin);
    const person = await aPersonAt(app);
    const tokens = await person.tokens(client, { scope: 'openid email' });
    const both = [tokens.access_token, tokens.refresh_token];
    const ask = async () =>
      (await Promise.all(both.map((token) => post(app, 'introspect', { token }, client)))).map(
        ({ body }) => body.active,
      );
    expect(await ask()).toEqual([true, true]);
    await admin.call('PATCH', `/api/v1/users/${person.caller.id}`, { json: { status: 'disabled' } });
    expect(await ask()).toEqual([false, false]);
  });
});
