import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { atSignal, UNCAUGHT } from '../scripts/torture/inject.mjs';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller } from './support/callers.js';
import { aRecord } from './support/factories.js';
import { hold, waitingBackends } from './support/locks.js';
import { type Instance, startInstance } from './support/process.js';
import { until } from '../scripts/lib/until.mjs';

let app: TestApp;
let user: TestCaller;
let api: Instance;

beforeAll(async () => {
  app = await startApp();
  user = await asUser(app);
});
afterEach(() => api.stop('SIGKILL'));
afterAll(() => app.stop());

const start = async (settings: NodeJS.ProcessEnv = {}) => {
  api = await startInstance({ ...app.settings, LOG_LEVEL: 'info', ...settings });
};

const port = () => Number(new URL(api.url).port);

const said = (text: string) =>
  new Promise<void>((resolve) => {
    if (api.output().includes(text)) resolve();
    api.child.stdout?.on('data', () => api.output().includes(text) && resolve());
  });

/** Signals the process, and waits until it knows. */
async function signal(name: NodeJS.Signals): Promise<void> {
  api.child.kill(name);
  await said('draining');
}

const isRefused = () =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port(), '127.0.0.1', () => resolve(false));
    socket.on('connect', () => socket.destroy());
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });

/** A request that waits in the database until it is let go. */
async function inFlight() {
  const { token } = user;
  const { body, headers } = await user.call('POST', '/api/v1/data', { json: aRecord() });
  const release = await hold(app.db, 'SELECT 1 FROM records WHERE id = $1 FOR UPDATE', [body.id]);
  const ifMatch = { 'if-match': headers.get('etag') ?? '' };
  const answer = api.call('PATCH', `/api/v1/data/${body.id}`, { token, json: { name: 'kept' }, headers: ifMatch });
  await waitingBackends(app.db);
  const name = async () => (await user.call('GET', `/api/v1/data/${body.id}`)).body.name as string;
  return { answer, release, name };
}

describe('SIGTERM', () => {
  it('lets a request in flight finish, closes its connection, and ends with 0', async () => {
    await start();
    const { answer, release, name } = await inFlight();
    const ended = once(api.child, 'exit');
    await signal('SIGTERM');
    await release();
    const { status, headers } = await answer;
    expect([status, headers.get('connection')]).toEqual([200, 'close']);
    expect(await ended).toEqual([0, null]);
    expect(await name()).toBe('kept');
  });

  it('says first that it is not ready, and still serves who has not noticed, each on a connection of its own', async () => {
    await start({ DRAIN_DELAY_SECONDS: '60' });
    await signal('SIGTERM');
    const ready = await api.call('GET', '/health/ready');
    expect([ready.status, ready.body.code, ready.headers.get('connection')]).toEqual([503, 'unavailable', 'close']);
    expect(ready.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await api.call('GET', '/health/live')).status).toBe(200);
    const { status, headers } = await api.call('GET', '/api/v1/users/me', { token: user.token });
    expect([status, headers.get('connection')]).toEqual([200, 'close']);
  });

  it('takes no connection more once the delay is over, and ends idle ones', async () => {
    await start({ DRAIN_DELAY_SECONDS: '0' });
    const { release, answer } = await inFlight();
    const idle = connect(port(), '127.0.0.1');
    idle.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle, 'data');
    const closed = once(idle, 'close');
    await signal('SIGTERM');
    await closed;
    await until(isRefused, 5000);
    await release();
    expect((await answer).status).toBe(200);
  });

  it('gives up on a request that does not end within the limit, and then ends with 1', async () => {
    await start({ DRAIN_SECONDS: '1' });
    const { answer, release } = await inFlight();
    const ended = once(api.child, 'exit');
    const lost = answer.catch(() => 'lost');
    await signal('SIGTERM');
    expect(await ended).toEqual([1, null]);
    expect(await lost).toBe('lost');
    await release();
  });
});

describe('SIGINT', () => {
  it('ends with 0 and waits for no balancer', async () => {
    await start({ DRAIN_DELAY_SECONDS: '60' });
    const ended = once(api.child, 'exit');
    await signal('SIGINT');
    expect(await ended).toEqual([0, null]);
  });
});

describe('an error that nobody caught', () => {
  it.each([
    ['a rejection', UNCAUGHT.rejection],
    ['an exception', UNCAUGHT.exception],
  ])('as %s is logged, lets a request in flight finish, and ends with 1', async (_, fault) => {
    await start({ NODE_OPTIONS: atSignal(fault) });
    const { answer, release } = await inFlight();
    const ended = once(api.child, 'exit');
    await signal('SIGUSR2');
    await release();
    expect((await answer).status).toBe(200);
    expect(await ended).toEqual([1, null]);
    expect(api.output()).toMatch(/"level":60.*nobody caught/);
  });
});
