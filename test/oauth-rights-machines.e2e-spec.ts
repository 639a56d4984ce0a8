import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { startOAuth } from './support/code-flow.js';
import { aRecord } from './support/factories.js';
import type { Call } from './support/http.js';
import { aMachine, machineToken, post, type TestClient } from './support/oauth.js';
import { type Instance, startInstance } from './support/process.js';
import { steppedUp, withTotp } from './support/totp.js';
import { until } from '../scripts/lib/until.mjs';

const DEADLINE_MS = 1000;
const RECORDS = '/api/v1/data';

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

const path = ({ id }: TestClient) => `/api/v1/oauth-clients/${id}`;
const ask = async (to: { call: Call }, token: string, method = 'GET') =>
  (await to.call(method, RECORDS, { token, ...(method === 'POST' && { json: aRecord() }) })).status;

/** Expects a status of both processes within a second, who had another in memory. */
async function expectFollowed(
  token: string,
  method: string,
  status: number,
  change: () => Promise<{ status: number }>,
) {
  for (const to of [app, second, app, second]) expect(await ask(to, token, method)).toBeLessThan(300);
  expect([200, 201, 204]).toContain((await change()).status);
  const since = performance.now();
  for (const to of [second, app]) {
    await until(async () => (await ask(to, token, method)) === status, DEADLINE_MS, since);
  }
}

describe('a token of a machine', () => {
  it('is nothing a second after the machine is disabled, and something when it is not any more', async () => {
    const machine = await aMachine(admin);
    const token = await machineToken(app, machine);
    const set = (status: string) => () => admin.call('PATCH', path(machine), { json: { status } });
    await expectFollowed(token, 'GET', 401, set('disabled'));
    const { status, body } = await post(second, 'token', { grant_type: 'client_credentials' }, machine);
    expect([status, body.error]).toEqual([401, 'invalid_client']);
    expect((await set('active')()).status).toBe(200);
    await until(async () => (await ask(second, token)) === 200, DEADLINE_MS);
  });

  it('is nothing a second after the machine is deleted', async () => {
    const machine = await aMachine(admin);
    const token = await machineToken(app, machine);
    await expectFollowed(token, 'GET', 401, () => admin.call('DELETE', path(machine)));
  });

  it('is nothing a second after it was given back', async () => {
    const machine = await aMachine(admin);
    const [token, other] = [await machineToken(app, machine), await machineToken(app, machine)];
    await expectFollowed(token, 'GET', 401, () => post(app, 'revoke', { token }, machine));
    for (const to of [app, second]) expect(await ask(to, other)).toBe(200);
  });

  it('writes no more a second after the machine is registered for less', async () => {
    const machine = await aMachine(admin);
    const token = await machineToken(app, machine);
    const json = { scopes: ['data:read'] };
    await expectFollowed(token, 'POST', 403, () => admin.call('PATCH', path(machine), { json }));
    for (const to of [app, second]) expect(await ask(to, token)).toBe(200);
    const { body } = await post(second, 'token', { grant_type: 'client_credentials' }, machine);
    expect(body.scope).toBe('data:read');
  });

  it('outlives the secret it was got with', async () => {
    const machine = await aMachine(admin);
    const token = await machineToken(app, machine);
    await admin.call('POST', `${path(machine)}/secret`, { json: {} });
    expect(await ask(second, token)).toBe(200);
  });
});

describe('the secret of a machine', () => {
  const proves = async (to: { call: Call }, client: TestClient) =>
    (await post(to, 'token', { grant_type: 'client_credentials' }, client)).status;

  it('ends with the new one, at once, on both instances', async () => {
    const machine = await aMachine(admin);
    for (const to of [app, second]) expect(await proves(to, machine)).toBe(200);
    const { body } = await admin.call('POST', `${path(machine)}/secret`, { json: {} });
    for (const to of [app, second]) {
      expect(await proves(to, machine)).toBe(401);
      expect(await proves(to, { ...machine, secret: body.clientSecret })).toBe(200);
    }
  });

  it('counts beside the new one for the overlap, and no longer', async () => {
    const machine = await aMachine(admin);
    const json = { overlapSeconds: 60 };
    const { body } = await admin.call('POST', `${path(machine)}/secret`, { json });
    const renewed = { ...machine, secret: body.clientSecret };
    for (const to of [app, second]) {
      for (const client of [machine, renewed]) expect(await proves(to, client)).toBe(200);
    }
    await app.db.query(
      `UPDATE oauth_client_secrets SET expires_at = now() WHERE client_id = $1 AND expires_at IS NOT NULL`,
      [machine.id],
    );
    for (const to of [app, second]) {
      expect(await proves(to, machine)).toBe(401);
      expect(await proves(to, renewed)).toBe(200);
    }
    const third = await admin.call('POST', `${path(machine)}/secret`, { json });
    const [last] = [{ ...machine, secret: third.body.clientSecret as string }];
    expect([await proves(app, renewed), await proves(app, last)]).toEqual([200, 200]);
  });
});

describe('the records of a machine', () => {
  it('are its own: it sees nobody else’s, and nobody sees them', async () => {
    const [one, two, person] = [await aMachine(admin), await aMachine(admin), await asUser(app)];
    const [token, other] = [await machineToken(app, one), await machineToken(app, two)];
    const mine = await app.call('POST', RECORDS, { token, json: aRecord() });
    const theirs = await person.call('POST', RECORDS, { json: aRecord() });
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    for (const { call } of [app, second]) {
      expect((await call('GET', RECORDS, { token })).body.items.map(({ id }: { id: string }) => id)).toEqual([
        mine.body.id,
      ]);
      for (const who of [other, person.token, admin.token]) {
        expect((await call('GET', `${RECORDS}/${mine.body.id}`, { token: who })).status).toBe(404);
        const headers = { 'if-match': '*' };
        for (const method of ['DELETE', 'PATCH']) {
          const json = method === 'PATCH' ? { name: 'x' } : undefined;
          const changed = await call(method, `${RECORDS}/${mine.body.id}`, { token: who, headers, json });
          expect([method, changed.status]).toEqual([method, 404]);
        }
      }
      expect((await call('GET', `${RECORDS}/${theirs.body.id}`, { token })).status).toBe(404);
    }
  });

  it('that are restricted are for one that was registered for them', async () => {
    const json = aRecord({ classification: 'restricted' });
    const machine = await aMachine(admin, { scopes: ['data:read', 'data:write', 'data:restricted'] });
    const token = await machineToken(app, machine);
    const few = await machineToken(app, machine, { scope: 'data:read data:write' });
    const { body, status } = await app.call('POST', RECORDS, { token, json });
    expect(status).toBe(201);
    for (const { call } of [app, second]) {
      expect((await call('GET', `${RECORDS}/${body.id}`, { token })).status).toBe(200);
      expect((await call('GET', `${RECORDS}/${body.id}`, { token: few })).status).toBe(404);
      expect((await call('GET', RECORDS, { token: few })).body.items).toEqual([]);
      expect((await call('POST', RECORDS, { token: few, json })).body.code).toBe('insufficient_scope');
    }
  });

  it('go with it', async () => {
    const machine = await aMachine(admin);
    const token = await machineToken(app, machine);
    const { body } = await app.call('POST', RECORDS, { token, json: aRecord() });
    expect((await admin.call('DELETE', path(machine))).status).toBe(204);
    expect(await app.db.query('SELECT 1 FROM records WHERE id = $1', [body.id])).toEqual([]);
    expect(await app.db.query('SELECT 1 FROM records WHERE owner_id = $1', [machine.id])).toEqual([]);
  });
});
