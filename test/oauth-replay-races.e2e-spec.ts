import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin } from './support/callers.js';
import { aPersonAt, aWebClient, type Person, refresh, startOAuth } from './support/code-flow.js';
import type { Answer } from './support/http.js';
import { hold, waitingBackends } from './support/locks.js';
import { post, type TestClient } from './support/oauth.js';

let app: TestApp;
let client: TestClient;

beforeAll(async () => {
  app = await startOAuth();
  client = await aWebClient(await asAdmin(app));
});
afterAll(() => app.stop());

const list = async (token: string) => (await app.call('GET', '/api/v1/data', { token })).status;
const grantsOf = async ({ caller }: Person) => (await caller.call('GET', '/api/v1/users/me/grants')).body.items;

/** Holds what is not used up yet of a kind until so many wait for it, then lets them at it. */
async function together(kind: string, sends: (() => Promise<Answer>)[]): Promise<Answer[]> {
  const rows = `SELECT 1 FROM oauth_artifacts WHERE kind = $1 AND consumed_at IS NULL FOR UPDATE`;
  const release = await hold(app.db, rows, [kind]);
  const answers = sends.map((send) => send());
  await waitingBackends(app.db, sends.length);
  await release();
  return Promise.all(answers);
}

/** Expects that the two who used it at the very same moment have lost everything by it. */
async function expectLost(person: Person, answers: Answer[], before: string[] = []): Promise<void> {
  const won = answers.filter(({ status }) => status === 200);
  expect(won.length).toBeLessThanOrEqual(1);
  expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(answers.length - won.length);
  expect(await grantsOf(person)).toEqual([]);
  for (const token of [...before, ...won.map(({ body }) => String(body.access_token))]) {
    expect(await list(token)).toBe(401);
  }
  for (const { body } of won) expect((await refresh(app, client, body.refresh_token)).body.error).toBe('invalid_grant');
  const sql = `SELECT 1 FROM audit_events WHERE action = 'grant.reuse_detected' AND details ->> 'userId' = $1`;
  expect(await app.db.query(sql, [person.caller.id])).toHaveLength(1);
}

describe('two who use something up at the very same moment', () => {
  it('end the grant by a code', async () => {
    const person = await aPersonAt(app);
    const before = await person.tokens(client);
    expect(await list(before.access_token)).toBe(200);
    const code = await person.code(client);
    const redeem = () => post(app, 'token', code, client);
    await expectLost(person, await together('AuthorizationCode', [redeem, redeem]), [before.access_token]);
  });

  it('end the grant by a refresh token', async () => {
    const person = await aPersonAt(app);
    const { access_token, refresh_token } = await person.tokens(client);
    const use = () => refresh(app, client, refresh_token);
    await expectLost(person, await together('RefreshToken', [use, use]), [access_token]);
  });
});

describe('a grant that is ended while something of it is used', () => {
  it.each(['AuthorizationCode', 'RefreshToken'])('leaves nothing that works: %s', async (kind) => {
    const person = await aPersonAt(app);
    const { refresh_token } = await person.tokens(client);
    const code = await person.code(client);
    const [{ id }] = await grantsOf(person);
    const use =
      kind === 'RefreshToken' ? () => refresh(app, client, refresh_token) : () => post(app, 'token', code, client);
    const end = () => person.caller.call('DELETE', `/api/v1/users/me/grants/${id}`);
    const [used, ended] = await together(kind, [use, end]);
    expect([ended?.status, await grantsOf(person)]).toEqual([204, []]);
    expect([200, 400]).toContain(used?.status);
    if (used?.status === 200) {
      expect(await list(used.body.access_token)).toBe(401);
      expect((await refresh(app, client, used.body.refresh_token)).body.error).toBe('invalid_grant');
    }
    expect((await refresh(app, client, refresh_token)).body.error).toBe('invalid_grant');
    expect((await post(app, 'token', code, client)).body.error).toBe('invalid_grant');
  });
});
