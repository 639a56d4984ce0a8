import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assets } from '../src/pages/assets.js';
import { startApp, type TestApp } from './support/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

describe('GET /assets/:asset', () => {
  it.each(Object.entries(assets))('gives the %s, which a browser keeps for ever', async (_, { path, type, body }) => {
    const { status, text, headers } = await app.call('GET', path);
    expect([status, headers.get('content-type'), text]).toEqual([200, type, body]);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    'pages.css',
    'pages.0000000000000000.css',
    '..%2fpages.css',
    'constructor',
    '__proto__',
    '%2e%2e',
    'x'.repeat(90),
  ])('has nothing called %s', async (name) => {
    const { status, headers } = await app.call('GET', `/assets/${name}`);
    expect(status).toBe(404);
    expect(headers.get('cache-control') ?? '').not.toContain('immutable');
  });

  it('is small', () => {
    expect(assets.style.body.length).toBeLessThan(16_000);
    expect(assets.script.body.length).toBeLessThan(4_000);
  });
});
