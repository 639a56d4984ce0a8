import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin } from './support/callers.js';
import { aPersonAt, aWebClient, refresh, startOAuth } from './support/code-flow.js';

let app: TestApp;

beforeAll(async () => {
  app = await startOAuth();
});
afterAll(() => app.stop());

describe('GET /api/v1/users/me/grants', () => {
  it('shows when an application last got tokens', async () => {
    const person = await aPersonAt(app);
    const client = await aWebClient(await asAdmin(app));
    const tokens = await person.tokens(client);
    const lastUse = async () =>
      Date.parse((await person.caller.call('GET', '/api/v1/users/me/grants')).body.items[0].lastUsedAt);
    expect(await lastUse()).toBeLessThanOrEqual(Date.now());
    await app.db.query(`UPDATE oauth_grants SET last_used_at = now() - interval '1 day'`);
    expect((await refresh(app, client, tokens.refresh_token)).status).toBe(200);
    expect(await lastUse()).toBeGreaterThan(Date.now() - 3_600_000);
  });
});
