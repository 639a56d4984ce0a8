import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { asUser } from '../support/callers.js';
import { aPerson, aRecord } from '../support/factories.js';
import { hold, waitingBackends } from '../support/locks.js';
import { type Instance, startInstance } from '../support/process.js';
import { until } from '../../scripts/lib/until.mjs';

const DEADLINE_MS = 10_000;

let app: TestApp;
/** It logs all there is to log. */
let instance: Instance;

beforeAll(async () => {
  app = await startApp();
  instance = await startInstance({ ...app.settings, LOG_LEVEL: 'trace' });
});

afterAll(async () => {
  await instance.stop();
  await app.stop();
});

const lines = () =>
  instance
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown> & { err?: Record<string, unknown> });
const lineOf = async (requestId: string | null, level: number) => {
  const found = () => lines().find((line) => line['requestId'] === requestId && line['level'] === level);
  await until(async () => found() !== undefined, DEADLINE_MS);
  return found();
};

/** Every kind of secret and personal value on its usual way, and what is answered with. */
async function secretsOfUse(): Promise<string[]> {
  const { call } = instance;
  const user = await asUser({ ...app, call });
  const { email, password, token, refreshToken } = user;
  const record = aRecord({ name: 'name of a record', content: 'content of a record' });
  const { body: made } = await user.call('POST', '/api/v1/api-keys', {
    json: { name: 'name of a key', scopes: ['data:read', 'data:write'] },
  });
  await call('POST', '/api/v1/data', { key: made.key, json: record });
  await call('GET', `/api/v1/data?q=${encodeURIComponent('value of a query')}`, { token });
  await call('GET', '/nowhere/in/a-path?access_token=token-in-a-query', {
    headers: { cookie: 'sid=value-of-a-cookie' },
  });
  await call('POST', '/api/v1/auth/login', { json: { email, password: `${password} mistyped` } });
  await call('POST', '/api/v1/auth/login', { raw: `{"email":"${email}",` });
  await call('GET', '/api/v1/users/me', { token: `${token}x` });
  const { body: refreshed } = await call('POST', '/api/v1/auth/refresh', { json: { refresh_token: refreshToken } });
  const values = [email, password, token, refreshToken, made.key, refreshed.access_token, refreshed.refresh_token];
  return [
    ...values,
    record.name,
    record.content,
    'name of a key',
    'value of a query',
    'a-path',
    'in-a-query',
    'a-cookie',
  ];
}

describe('the log, at its most talkative', () => {
  it('holds no secret, no personal value and nothing of a URL but its route', async () => {
    const secrets = await secretsOfUse();
    const { headers } = await instance.call('GET', '/health/live');
    await lineOf(headers.get('x-request-id'), 30);
    for (const secret of secrets) expect(instance.output()).not.toContain(secret);
  });

  it('says which error of the database it was, and not with which values', async () => {
    const person = aPerson();
    const release = await hold(app.db, 'LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const answer = instance.call('POST', '/api/v1/auth/register', { json: person });
    const [waiting] = await waitingBackends(app.db);
    await app.db.query('SELECT pg_terminate_backend($1)', [waiting]);
    const { status, headers } = await answer;
    await release();
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    const line = await lineOf(headers.get('x-request-id'), 50);
    // the line of the request comes after the answer: the next test counts from here
    await lineOf(headers.get('x-request-id'), 30);
    expect(line?.err).toMatchObject({ type: 'QueryFailedError', code: '57P01', at: expect.any(Array) });
    expect(instance.output()).not.toContain(person.email);
    expect(instance.output()).not.toContain('argon2id');
  });

  it('takes a client that hangs up within its body for no fault of the server', async () => {
    const { hostname, port } = new URL(instance.url);
    const before = lines().length;
    const socket = connect(Number(port), hostname);
    const fields = 'Host: x\r\nContent-Type: application/json\r\nContent-Length: 100';
    socket.write(`POST /api/v1/auth/login HTTP/1.1\r\n${fields}\r\nExpect: 100-continue\r\n\r\n{`);
    socket.once('data', () => socket.resetAndDestroy());
    await once(socket, 'close');
    const { headers } = await instance.call('GET', '/health/live');
    await lineOf(headers.get('x-request-id'), 30);
    expect(lines().slice(before)).toEqual([expect.objectContaining({ level: 30, route: '/health/live' })]);
  });

  it('takes clients that reset a connection full of requests for no fault of the server either', async () => {
    const { hostname, port } = new URL(instance.url);
    const requests = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50);
    const reset = async () => {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(requests);
      socket.resetAndDestroy();
      await once(socket, 'close');
    };
    await Promise.all(Array.from({ length: 40 }, reset));
    const { headers } = await instance.call('GET', '/health/live');
    await lineOf(headers.get('x-request-id'), 30);
    expect(lines().filter(({ level, code }) => level === 50 && code !== 'unavailable')).toEqual([]);
  });
});
