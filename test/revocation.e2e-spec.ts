import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, login, withKey } from './support/callers.js';
import type { Answer, RequestOptions } from './support/http.js';
import { type Instance, startInstance } from './support/process.js';
import { until } from '../scripts/lib/until.mjs';

const DEADLINE_MS = 1000;

let app: TestApp;
let second: Instance;

beforeAll(async () => {
  app = await startApp();
  second = await startInstance(app.settings);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
});

interface Scenario {
  /** Asks the second process. */
  probe: () => Promise<Answer>;
  /** Changes something through the first. */
  change: () => Promise<Answer>;
  refusal: readonly [status: number, code: string];
}

const TOKEN = [401, 'token_invalid'] as const;
const KEY = [401, 'key_invalid'] as const;
const SCOPE = [403, 'insufficient_scope'] as const;

const asking = (options: RequestOptions, path = '/api/v1/users/me') => {
  return () => second.call('GET', path, options);
};

/** Expects that a change answered by one process is true in the other one second later at the latest. */
async function expectFollowed({ probe, change, refusal }: Scenario): Promise<void> {
  // Twice: proved, then remembered.
  for (let i = 0; i < 2; i += 1) expect((await probe()).status).toBe(200);
  const { status } = await change();
  const since = performance.now();
  expect([200, 201, 204]).toContain(status);
  await until(async () => (await probe()).status === refusal[0], DEADLINE_MS, since);
  const { status: last, body } = await probe();
  expect([last, body.code]).toEqual(refusal);
}

describe('a session is refused by another process within a second after', () => {
  const sessions: Record<string, () => Promise<Scenario>> = {
    'its logout': async () => {
      const { token, call } = await asUser(app);
      return { probe: asking({ token }), change: () => call('POST', '/api/v1/auth/logout'), refusal: TOKEN };
    },
    'its end from another session': async () => {
      const one = await asUser(app);
      const { token, sessionId } = await login(app, one);
      const change = () => one.call('DELETE', `/api/v1/auth/sessions/${sessionId}`);
      return { probe: asking({ token }), change, refusal: TOKEN };
    },
    'the end of all others': async () => {
      const one = await asUser(app);
      const { token } = await login(app, one);
      return { probe: asking({ token }), change: () => one.call('DELETE', '/api/v1/auth/sessions'), refusal: TOKEN };
    },
    'an administrator ended all sessions of its user': async () => {
      const [admin, { id, token }] = [await asAdmin(app), await asUser(app)];
      const change = () => admin.call('DELETE', `/api/v1/users/${id}/sessions`);
      return { probe: asking({ token }), change, refusal: TOKEN };
    },
    'its user was disabled': async () => {
      const [admin, { id, token }] = [await asAdmin(app), await asUser(app)];
      const change = () => admin.call('PATCH', `/api/v1/users/${id}`, { json: { status: 'disabled' } });
      return { probe: asking({ token }), change, refusal: TOKEN };
    },
    'its user was deleted': async () => {
      const [admin, { id, token }] = [await asAdmin(app), await asUser(app)];
      return { probe: asking({ token }), change: () => admin.call('DELETE', `/api/v1/users/${id}`), refusal: TOKEN };
    },
  };

  it.each(Object.entries(sessions))('%s', async (_, prepare) => expectFollowed(await prepare()));
});

describe('a demoted administrator is refused by another process within a second', () => {
  const demotion = async () => {
    const [admin, demoted] = [await asAdmin(app), await asAdmin(app)];
    const change = () => admin.call('PATCH', `/api/v1/users/${demoted.id}`, { json: { roles: ['user'] } });
    return { demoted, change };
  };

  it('with a token, where a scope is needed', async () => {
    const { demoted, change } = await demotion();
    await expectFollowed({ probe: asking({ token: demoted.token }, '/api/v1/users'), change, refusal: SCOPE });
  });

  it('with a token, where the role is needed', async () => {
    const { demoted, change } = await demotion();
    const { id } = await asUser(app);
    const probe = () => second.call('PATCH', `/api/v1/users/${id}`, { token: demoted.token, json: {} });
    await expectFollowed({ probe, change, refusal: [403, 'role_required'] });
  });

  it('with a key, which keeps what the owner still holds', async () => {
    const { demoted, change } = await demotion();
    const { key } = await withKey(app, demoted, { scopes: ['users:read', 'users:write', 'profile:read'] });
    await expectFollowed({ probe: asking({ key }, '/api/v1/users'), change, refusal: SCOPE });
    const write = await second.call('PATCH', `/api/v1/users/${demoted.id}`, { key, json: {} });
    expect([write.status, write.body.code]).toEqual([403, 'role_required']);
    expect((await second.call('GET', '/api/v1/users/me', { key })).status).toBe(200);
  });
});

describe('a key is refused by another process within a second after', () => {
  const path = (id: string) => `/api/v1/api-keys/${id}`;
  const patch = (json: () => object, refusal: Scenario['refusal']) => async (): Promise<Scenario> => {
    const owner = await asUser(app);
    const { id, key } = await withKey(app, owner, { scopes: ['profile:read', 'data:read'] });
    return { probe: asking({ key }), change: () => owner.call('PATCH', path(id), { json: json() }), refusal };
  };
  const byAdmin = (method: string, json?: object) => async (): Promise<Scenario> => {
    const [admin, owner] = [await asAdmin(app), await asUser(app)];
    const { key } = await withKey(app, owner, { scopes: ['profile:read'] });
    const change = () => admin.call(method, `/api/v1/users/${owner.id}`, json && { json });
    return { probe: asking({ key }), change, refusal: KEY };
  };
  const own = (method: string, suffix: string, json?: object) => async (): Promise<Scenario> => {
    const owner = await asUser(app);
    const { id, key } = await withKey(app, owner, { scopes: ['profile:read'] });
    const change = () => owner.call(method, path(id) + suffix, json && { json });
    return { probe: asking({ key }), change, refusal: KEY };
  };
  const keys: Record<string, () => Promise<Scenario>> = {
    'it was deleted': own('DELETE', ''),
    'it was rotated': own('POST', '/rotate', {}),
    'it was rotated without an overlap': own('POST', '/rotate', { overlapSeconds: 0 }),
    'it lost a scope': patch(() => ({ scopes: ['data:read'] }), SCOPE),
    'it was bound to other networks': patch(() => ({ allowedCidrs: ['203.0.113.0/24', '2001:db8::/32'] }), KEY),
    'its time was shortened': patch(() => ({ expiresAt: new Date(Date.now() + 300).toISOString() }), KEY),
    'its owner was disabled': byAdmin('PATCH', { status: 'disabled' }),
    'its owner was deleted': byAdmin('DELETE'),
  };

  it.each(Object.entries(keys))('%s', async (_, prepare) => expectFollowed(await prepare()));
});

describe('200 requests that run while their session is ended', () => {
  it('are refused from the answer on in this process, and from a second later on in another', async () => {
    const { token, call } = await asUser(app);
    const asked: { at: number; here: boolean; status: number }[] = [];
    let end = Number.POSITIVE_INFINITY;
    const worker = async (here: boolean) => {
      while (performance.now() < end || asked.length < 250) {
        const at = performance.now();
        const { status } = await (here ? app : second).call('GET', '/api/v1/users/me', { token });
        asked.push({ at, here, status });
      }
    };
    const workers = Array.from({ length: 8 }, (_, i) => worker(i % 2 === 0));
    await until(async () => asked.length >= 50, 10_000);
    expect((await call('POST', '/api/v1/auth/logout')).status).toBe(204);
    const ended = performance.now();
    end = ended + 1500;
    await Promise.all(workers);

    expect(asked.length).toBeGreaterThanOrEqual(200);
    expect(asked.filter(({ status }) => status !== 200 && status !== 401)).toEqual([]);
    const passed = asked.filter(({ status }) => status === 200);
    for (const here of [true, false]) expect(passed.filter((each) => each.here === here)).not.toEqual([]);
    expect(passed.filter(({ at, here }) => at > ended + (here ? 0 : DEADLINE_MS))).toEqual([]);
    expect(asked.filter(({ at }) => at > ended + DEADLINE_MS).length).toBeGreaterThan(20);
  });
});
