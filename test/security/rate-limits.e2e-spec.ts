import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asUser, login, type TestCaller, withKey } from '../support/callers.js';
import { aPerson } from '../support/factories.js';
import type { Answer } from '../support/http.js';
import { until } from '../../scripts/lib/until.mjs';
import { exhaust, exhausted, outcome, startWall, WALL, type Wall } from '../support/wall.js';

const HOUR = 3_600;
const ME = '/api/v1/users/me';
/** More than the window takes, all on their way at once. */
const MORE = 7;

let app: Wall;
let user: TestCaller;

beforeAll(async () => {
  app = await startWall();
});

afterAll(() => app.stop());

const newUser = async () => {
  user = await asUser(app);
};

/** How many of some requests were let through, and which limits refused the others. */
async function rush(times: number, send: () => Promise<Answer>) {
  const answers = await Promise.all(Array.from({ length: times }, send));
  const refused = answers.filter(({ status }) => status === 429);
  return { passed: times - refused.length, refusedBy: [...new Set(refused.flatMap(exhausted))] };
}

/** `{ address: 25 }`: what is left in each window, from the RateLimit field. */
const left = ({ headers }: Answer): Record<string, number> =>
  Object.fromEntries(
    [...(headers.get('ratelimit') ?? '').matchAll(/"([\w-]+)";r=(\d+);t=\d+/g)].map(([, name, r]) => [name, Number(r)]),
  );

describe('of N + k simultaneous requests exactly N pass', () => {
  it('the window of an address', async () => {
    const here = app.from(app.address());
    const { passed, refusedBy } = await rush(WALL.address + MORE, () => here('GET', '/health/live'));
    expect([passed, refusedBy]).toEqual([WALL.address, ['address']]);
  });

  it('the anonymous window', async () => {
    const here = app.from(app.address());
    const { passed, refusedBy } = await rush(WALL.anonymous + MORE, () => here('GET', '/nowhere'));
    expect([passed, refusedBy]).toEqual([WALL.anonymous, ['anonymous']]);
  });

  it('the sensitive window', async () => {
    const here = app.from(app.address());
    const { passed, refusedBy } = await rush(WALL.sensitive + MORE, () =>
      here('POST', '/api/v1/auth/login', { json: aPerson() }),
    );
    expect([passed, refusedBy]).toEqual([WALL.sensitive, ['sensitive']]);
  });

  it('the window of a principal, over as many addresses', async () => {
    await newUser();
    const { passed, refusedBy } = await rush(WALL.principal + MORE, () => user.call('GET', ME));
    expect([passed, refusedBy]).toEqual([WALL.principal, ['principal']]);
  });

  it('the window of a key', async () => {
    await newUser();
    const key = await withKey(app, user, { scopes: ['profile:read'], rateLimit: '4/hour' });
    const { passed, refusedBy } = await rush(4 + MORE, () => key.call('GET', ME));
    expect([passed, refusedBy]).toEqual([4, ['key']]);
  });

  it('the window of a route, GET and HEAD together', async () => {
    await newUser();
    const here = app.from(app.address());
    let calls = 0;
    const { passed, refusedBy } = await rush(5 + MORE, () => {
      calls += 1;
      return here(calls % 2 === 0 ? 'HEAD' : 'GET', `${ME}/export`, { token: user.token });
    });
    expect([passed, refusedBy]).toEqual([5, ['route']]);
  });
});

describe('a refused request spends nothing of the other windows of its step', () => {
  it('sensitive refuses, and the address has as many left', async () => {
    const here = app.from(app.address());
    const register = () => here('POST', '/api/v1/auth/register', { json: {} });
    await exhaust(WALL.sensitive, register);
    const refused = [await register(), await register(), await register()];
    expect(refused.map(left)).toEqual(refused.map(() => ({ address: WALL.address - WALL.sensitive, sensitive: 0 })));
    expect(left(await here('GET', '/health/live'))).toEqual({ address: WALL.address - WALL.sensitive - 1 });
  });

  it('address refuses, and the sensitive window has as many left', async () => {
    const here = app.from(app.address());
    await exhaust(WALL.address, () => here('GET', '/health/live'));
    const refused = [1, 2].map(() => here('POST', '/api/v1/auth/login', { json: {} }));
    expect((await Promise.all(refused)).map(left)).toEqual(
      refused.map(() => ({ address: 0, sensitive: WALL.sensitive })),
    );
  });

  it('key refuses, and the principal has as many left', async () => {
    await newUser();
    const key = await withKey(app, user, { scopes: ['profile:read'], rateLimit: '2/hour' });
    await exhaust(2, () => key.call('GET', ME));
    await Promise.all([1, 2, 3].map(() => key.call('GET', ME)));
    // Making the key was one, and this one is another.
    expect(left(await user.call('GET', ME))).toMatchObject({ principal: WALL.principal - 4 });
  });

  it('one of two windows of a key refuses, and the other has as many left', async () => {
    await newUser();
    const key = await withKey(app, user, { scopes: ['profile:read'], rateLimit: '2/hour;9/day' });
    await exhaust(2, () => key.call('GET', ME));
    const refused = [await key.call('GET', ME), await key.call('GET', ME)];
    expect(refused.map(exhausted)).toEqual([['key-hour'], ['key-hour']]);
    expect(refused.map((each) => left(each)['key-day'])).toEqual([7, 7]);
  });
});

describe('what an answer says of its limits', () => {
  it('is true of a good request: the quota, what is left, and when it comes back', async () => {
    await newUser();
    const here = app.from(app.address());
    const first = await here('GET', ME, { token: user.token });
    const second = await here('GET', ME, { token: user.token });
    expect(first.headers.get('ratelimit-policy')).toBe(
      `"address";q=${WALL.address};w=${HOUR}, "principal";q=${WALL.principal};w=${HOUR}`,
    );
    expect([first, second].map(left)).toEqual([
      { address: WALL.address - 1, principal: WALL.principal - 1 },
      { address: WALL.address - 2, principal: WALL.principal - 2 },
    ]);
    const resets = [...(second.headers.get('ratelimit') ?? '').matchAll(/;t=(\d+)/g)].map(([, t]) => Number(t));
    for (const seconds of resets) expect(seconds).toBeGreaterThan(HOUR - 60);
    expect(Math.max(...resets)).toBeLessThanOrEqual(HOUR);
    expect(first.headers.get('retry-after')).toBeNull();
  });

  it('is true of a refused one: the longest wait, in whole seconds', async () => {
    const here = app.from(app.address());
    await exhaust(WALL.anonymous, () => here('GET', '/nowhere'));
    const { status, headers, body } = await here('GET', '/nowhere');
    expect([status, body.code, body.status]).toEqual([429, 'rate_limited', 429]);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect(headers.get('ratelimit')).toContain(`"anonymous";r=0;t=${headers.get('retry-after')}`);
    expect([...headers.keys()].filter((name) => name.startsWith('retry-after'))).toEqual(['retry-after']);
  });

  it('is kept: after Retry-After the window is whole again, and not before', async () => {
    await newUser();
    const key = await withKey(app, user, { scopes: ['profile:read'], rateLimit: '2/second' });
    const startedAt = performance.now();
    const answers = await Promise.all([1, 2, 3].map(() => key.call('GET', ME)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.map(({ headers }) => headers.get('retry-after'))).toEqual(['1']);
    const waited = await until(async () => (await key.call('GET', ME)).status === 200, 5_000, startedAt);
    expect(waited).toBeGreaterThan(900);
    expect(waited).toBeLessThan(2_000);
  });
});

describe('the sensitive window', () => {
  it('is one for every route where a secret can be guessed, over all people', async () => {
    await newUser();
    const here = app.from(app.address());
    const answers = [
      await here('POST', '/api/v1/auth/login', { json: { email: user.email, password: 'x' } }),
      await here('POST', '/api/v1/auth/login', { json: aPerson() }),
      await here('POST', '/api/v1/auth/register', { json: aPerson() }),
      await here('POST', '/api/v1/auth/invitations/accept', { json: aPerson({ email: undefined, token: 'x' }) }),
      await here('POST', `${ME}/deletion`, { token: user.token, json: { password: 'x' } }),
      await here('POST', '/api/v1/auth/login', { json: { email: user.email, password: user.password } }),
    ];
    expect(answers.map((each) => left(each).sensitive)).toEqual([4, 3, 2, 1, 0, 0]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 202, 400, 403, 429]);
  });

  it('is not spent by refresh, which a client does often and where nothing can be guessed', async () => {
    await newUser();
    const here = app.from(app.address());
    const refresh = await here('POST', '/api/v1/auth/refresh', { json: { refresh_token: user.refreshToken } });
    expect([refresh.status, left(refresh)]).toEqual([
      200,
      { address: WALL.address - 1, anonymous: WALL.anonymous - 1 },
    ]);
  });
});

describe('the window of a principal', () => {
  it('is one for all sessions and keys of a person', async () => {
    await newUser();
    const key = await withKey(app, user, { scopes: ['profile:read'] });
    const session = await login(app, user);
    const answers = [await user.call('GET', ME), await key.call('GET', ME), await session.call('GET', ME)];
    expect(answers.map((each) => left(each).principal)).toEqual([1, 2, 3].map((n) => WALL.principal - 1 - n));
  });
});

describe('the window of a key', () => {
  it('is the same after a rotation, from any address, and ends with a change of the limit', async () => {
    await newUser();
    const key = await withKey(app, user, { scopes: ['profile:read'], rateLimit: '3/hour' });
    await exhaust(2, () => key.call('GET', ME));
    const { body } = await user.call('POST', `/api/v1/api-keys/${key.id}/rotate`, { json: {} });
    const rotated = () => app.call('GET', ME, { key: body.key });
    expect([outcome(await rotated()), outcome(await rotated())]).toEqual(['200', '429 rate_limited']);
    await user.call('PATCH', `/api/v1/api-keys/${key.id}`, { json: { rateLimit: null } });
    expect(outcome(await rotated())).toBe('200');
  });
});
