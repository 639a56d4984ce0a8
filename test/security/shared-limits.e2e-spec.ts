import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { asUser } from '../support/callers.js';
import { type Answer, type Call, callerOf } from '../support/http.js';
import { aPerson } from '../support/factories.js';
import { type Instance, startInstance } from '../support/process.js';
import { freePort } from '../../scripts/lib/network.mjs';
import { lacks } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { until } from '../../scripts/lib/until.mjs';
import { exhausted, startWall, WALL, type Wall } from '../support/wall.js';

const SECOND = 1000;
const MORE = 7;
const LIVE = '/health/live';

const passed = (answers: Answer[]) => answers.filter(({ status }) => status !== 429).length;
const rush = (times: number, send: (index: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: times }, (_, index) => send(index)));

describe.skipIf(lacks('redis-server'))('limits in Redis', () => {
  let redis: RedisServer;
  let app: Wall;
  let second: Instance;
  let management: Call;

  /** Which store counts, as an operator sees it. */
  const counting = async () => (await management('GET', '/health')).body.rateLimits.counting as string;
  const countsIn = (store: string) => until(async () => (await counting()) === store, 3 * SECOND);
  const secondFrom =
    (address: string): Call =>
    (method, path, options = {}) =>
      second.call(method, path, { ...options, headers: { 'x-forwarded-for': address } });

  beforeAll(async () => {
    redis = await RedisServer.start();
    const port = await freePort();
    app = await startWall({ REDIS_URL: redis.url, MANAGEMENT_PORT: String(port) });
    second = await startInstance({ ...app.settings, MANAGEMENT_PORT: '' });
    management = callerOf(`http://127.0.0.1:${port}`);
  });

  afterEach(() => countsIn('redis'));
  afterAll(async () => {
    await second.stop();
    await app.stop();
    await redis.stop();
  });

  it('let exactly N of N + k simultaneous requests pass over two processes', async () => {
    const address = app.address();
    const [here, there] = [app.from(address), secondFrom(address)];
    const answers = await rush(WALL.address + MORE, (i) => (i % 2 === 0 ? here : there)('GET', LIVE));
    expect(passed(answers)).toBe(WALL.address);
  });

  it('count a person over two processes', async () => {
    const user = await asUser(app);
    const options = { token: user.token };
    const answers = await rush(WALL.principal + MORE, (i) =>
      (i % 2 === 0 ? app.from(app.address()) : secondFrom(app.address()))('GET', '/api/v1/users/me', options),
    );
    expect(passed(answers)).toBe(WALL.principal);
  });

  it('count a refused request in no window of its step', async () => {
    const here = app.from(app.address());
    const answers = await rush(WALL.sensitive + MORE, () => here('POST', '/api/v1/auth/login', { json: aPerson() }));
    expect(answers.filter(({ status }) => status === 429).flatMap(exhausted)).toEqual(Array(MORE).fill('sensitive'));
    const { headers } = await here('GET', LIVE);
    expect(headers.get('ratelimit')).toMatch(`"address";r=${WALL.address - WALL.sensitive - 1};t=3600`);
  });

  it('leave no counter without an end', async () => {
    await app.from(app.address())('GET', '/nowhere');
    const keys = (await redis.command('KEYS', '*')) as string[];
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(Number(await redis.command('PTTL', key))).toBeGreaterThan(0);
  });

  it('cost one command a step, and nothing else', async () => {
    const scripts = async () =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(await redis.command('INFO', 'commandstats')))?.[1]);
    const before = await scripts();
    await app.from(app.address())('POST', '/api/v1/auth/login', { json: { email: 'a@example.com', password: 'x' } });
    expect(await scripts()).toBe(before + 2);
  });

  it('survive a Redis that has forgotten the script', async () => {
    await redis.command('SCRIPT', 'FLUSH');
    const address = app.address();
    expect((await app.from(address)('GET', LIVE)).headers.get('ratelimit')).toContain(`r=${WALL.address - 1};`);
    expect((await secondFrom(address)('GET', LIVE)).headers.get('ratelimit')).toContain(`r=${WALL.address - 2};`);
  });

  it('are counted by the process alone when Redis has no room, and no request fails', async () => {
    const here = app.from(app.address());
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      const answers = await rush(WALL.address + MORE, () => here('GET', LIVE));
      expect(passed(answers)).toBe(WALL.address);
      expect(answers.map(({ status }) => status)).not.toContain(503);
    } finally {
      await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    }
  });

  it('are counted by each process alone while Redis is dead, shown to the operator, and shared again after', async () => {
    const here = app.from(app.address());
    await redis.signal('SIGKILL');
    const answers = await rush(WALL.address + MORE, () => here('GET', LIVE));
    expect(passed(answers)).toBe(WALL.address);
    await countsIn('memory');
    expect((await management('GET', '/health')).body).toMatchObject({
      status: 'degraded',
      rateLimits: { store: 'redis' },
    });
    expect((await app.call('GET', '/health/ready')).status).toBe(200);
    await redis.up();
    await countsIn('redis');
    expect((await here('GET', LIVE)).headers.get('ratelimit')).toContain(`r=${WALL.address - 1};`);
  });

  it('keep no request waiting for a frozen Redis, and come back when it does', async () => {
    const address = app.address();
    const here = app.from(address);
    expect((await here('GET', LIVE)).status).toBe(200);
    await redis.signal('SIGSTOP');
    try {
      const answers = await rush(WALL.address + MORE, () => here('GET', LIVE));
      expect(passed(answers)).toBe(WALL.address);
      await countsIn('memory');
    } finally {
      await redis.signal('SIGCONT');
    }
    await countsIn('redis');
    // Another address: what the frozen server had received it has counted since.
    const fresh = app.address();
    await app.from(fresh)('GET', LIVE);
    expect((await secondFrom(fresh)('GET', LIVE)).headers.get('ratelimit')).toContain(`r=${WALL.address - 2};`);
  });
});
