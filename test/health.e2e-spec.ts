import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { callerOf } from './support/http.js';
import { freePort } from '../scripts/lib/network.mjs';
import { until } from '../scripts/lib/until.mjs';

let app: TestApp;
let management: ReturnType<typeof callerOf>;

beforeAll(async () => {
  const port = await freePort();
  app = await startApp({ MANAGEMENT_PORT: String(port), SECURITY_CONTACT: 'mailto:security@example.com' });
  management = callerOf(`http://127.0.0.1:${port}`);
});
afterAll(() => app.stop());

describe('GET /health/live', () => {
  it('says that the process runs', async () => {
    const { status, body } = await app.call('GET', '/health/live');
    expect([status, body]).toEqual([200, { status: 'ok' }]);
  });

  it('is not versioned', async () => {
    expect((await app.call('GET', '/api/v1/health/live')).status).toBe(404);
  });
});

describe('GET /health/ready', () => {
  it('says yes with the database and nothing else', async () => {
    const { status, body } = await app.call('GET', '/health/ready');
    expect([status, body]).toEqual([200, { status: 'ok' }]);
  });
});

describe('the management port', () => {
  it('tells an operator what the public routes keep to themselves', async () => {
    const { status, body } = await management('GET', '/health');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'ok',
      database: { reachable: true },
      revocationFeed: { live: true },
      rateLimits: { store: 'memory', counting: 'memory' },
    });
  });

  it('is no way to the API', async () => {
    expect((await management('GET', '/api/v1/users/me')).status).toBe(404);
    expect((await app.call('GET', '/health')).status).toBe(404);
  });
});

describe('without the database', () => {
  it('is alive, not ready, and tells why on the management port alone', async () => {
    const other = await startApp();
    const name = new URL(other.db.url).pathname.slice(1);
    try {
      await app.db.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      await app.db.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
      const ready = await other.call('GET', '/health/ready');
      expect([ready.status, ready.body.code]).toEqual([503, 'unavailable']);
      expect(ready.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(ready.text).not.toMatch(/postgres|database|5432|127\.0\.0\.1/i);
      expect((await other.call('GET', '/health/live')).status).toBe(200);
    } finally {
      await app.db.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    }
    await until(async () => (await other.call('GET', '/health/ready')).status === 200, 5000);
    await other.stop();
  });
});

describe('GET /.well-known/security.txt', () => {
  it('names a contact and expires within a year (RFC 9116)', async () => {
    const { status, text, headers } = await app.call('GET', '/.well-known/security.txt');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(text).toContain('Contact: mailto:security@example.com\n');
    const expires = Date.parse(/^Expires: (.+)$/m.exec(text)?.[1] ?? '');
    expect(expires).toBeGreaterThan(Date.now());
    expect(expires).toBeLessThan(Date.now() + 365 * 86_400_000);
  });
});
