import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, certificate } from '../support/certificates.js';
import { callerOf } from '../support/http.js';
import { freePort } from '../../scripts/lib/network.mjs';
import { lacks } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { until } from '../../scripts/lib/until.mjs';
import { startWall } from '../support/wall.js';

/** All that counting needs, and what the client does when it connects. */
const COMMANDS = ['evalsha', 'eval', 'get', 'set', 'incr', 'pttl', 'ping', 'client', 'hello', 'select'];
const USER = [
  '--user',
  'limits',
  'on',
  '>limits-password',
  '~rampart:limit:*',
  '-@all',
  ...COMMANDS.map((name) => `+${name}`),
];
const NOBODY = ['--user', 'default', 'off'];

describe.skipIf(lacks('redis-server'))('a connection to Redis', () => {
  let tls: Certificate;
  let redis: RedisServer;
  let port: number;

  beforeAll(async () => {
    [tls, port] = [await certificate(), await freePort()];
    const files = ['--tls-cert-file', tls.certFile, '--tls-key-file', tls.keyFile, '--tls-auth-clients', 'no'];
    redis = await RedisServer.start(['--port', '0', '--tls-port', String(port), ...files, ...USER, ...NOBODY], port);
  });
  afterAll(async () => {
    await redis.stop();
    await tls.remove();
  });

  /** Where a process with these settings counts once it has started. */
  async function countsIn(settings: NodeJS.ProcessEnv): Promise<string> {
    const managementPort = await freePort();
    const app = await startWall({ MANAGEMENT_PORT: String(managementPort), ...settings });
    try {
      const { status, headers } = await app.call('GET', '/health/live');
      expect([status, headers.get('ratelimit')]).toEqual([200, expect.stringContaining('"address";r=29;')]);
      const { body } = await callerOf(`http://127.0.0.1:${managementPort}`)('GET', '/health');
      return body.rateLimits.counting;
    } finally {
      await app.stop();
    }
  }

  const good = () => ({
    REDIS_URL: `rediss://limits@localhost:${port}/0`,
    REDIS_PASSWORD: 'limits-password',
    REDIS_CA_FILE: tls.certFile,
  });

  it('is made over TLS as an ACL user that may do nothing but count', async () => {
    expect(await countsIn(good())).toBe('redis');
  });

  it.each([
    ['the certificate is of nobody we know', { REDIS_CA_FILE: '' }],
    ['the certificate has another name', { REDIS_URL: () => `rediss://limits@127.0.0.2:${port}/0` }],
    ['the server speaks TLS and we do not', { REDIS_URL: () => `redis://limits@localhost:${port}/0` }],
    ['the password is wrong', { REDIS_PASSWORD: 'wrong' }],
    ['nobody listens', { REDIS_URL: () => 'redis://127.0.0.1:1' }],
  ])('is refused, and the process starts and counts alone, when %s', async (_, changes) => {
    const changed = Object.entries(changes).map(([name, value]) => [
      name,
      typeof value === 'function' ? value() : value,
    ]);
    expect(await countsIn({ ...good(), ...Object.fromEntries(changed) })).toBe('memory');
  });
});

describe.skipIf(lacks('redis-server'))('a start beside a frozen Redis', () => {
  it('is not held up, and goes over when Redis wakes up', async () => {
    const redis = await RedisServer.start();
    const managementPort = await freePort();
    await redis.signal('SIGSTOP');
    const app = await startWall({ REDIS_URL: redis.url, MANAGEMENT_PORT: String(managementPort) });
    try {
      expect((await app.call('GET', '/health/live')).status).toBe(200);
      await redis.signal('SIGCONT');
      const management = callerOf(`http://127.0.0.1:${managementPort}`);
      await until(async () => (await management('GET', '/health')).body.rateLimits.counting === 'redis', 5000);
    } finally {
      await app.stop();
      await redis.stop();
    }
  });
});
