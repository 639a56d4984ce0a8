import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { Browse, type Visited } from './support/browse.js';
import { type HostileProvider, startHostile } from './support/hostile-provider.js';
import { begin, CREDENTIALS, serve, START, type TestServer } from './support/outside.js';

let app: TestApp;
let hostile: HostileProvider;
let silent: TestServer;
let port: number;
let asked = 0;
let answer: { status?: number; body?: string; location?: string } = {};

beforeAll(async () => {
  port = await freePort();
  hostile = await startHostile();
  silent = await serve(() => (asked += 1));
  const OIDC_PROVIDERS = JSON.stringify([
    { name: 'later', label: 'Later', issuer: `http://127.0.0.1:${port}`, ...CREDENTIALS },
    { name: 'hostile', label: 'Hostile', issuer: hostile.url, ...CREDENTIALS },
    { name: 'silent', label: 'Silent', issuer: silent.url, ...CREDENTIALS },
  ]);
  app = await startApp({ OIDC_PROVIDERS });
});
afterAll(async () => {
  await Promise.all([app, hostile, silent].map((each) => each.stop()));
});

async function expectUnavailable({ status, html, headers }: Visited): Promise<void> {
  expect([status, /<code>(\w+)<\/code>/.exec(html)?.[1]]).toEqual([503, 'provider_unavailable']);
  expect([headers['retry-after'], headers['set-cookie']]).toEqual(['1', undefined]);
}

describe('a provider that cannot be asked', () => {
  it('is no reason not to start, nor not to sign in another way', async () => {
    const browser = new Browse(app.url);
    await expectUnavailable(await browser.get(START('later')));
    expect((await browser.get('/login')).html).toContain('Continue with <bdi>Later</bdi>');
  });

  it('is asked again by the next one, and works when it does', async () => {
    const metadata = () =>
      JSON.stringify({ issuer: later.url, authorization_endpoint: `${later.url}/a`, token_endpoint: `${later.url}/t` });
    const later = await serve((_, response) => {
      asked += 1;
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', location: answer.location ?? '' });
      response.end(answer.body ?? metadata());
    }, port);
    const elsewhere = { status: 302, location: `${hostile.url}/.well-known/openid-configuration` };
    for (const each of [
      { status: 500 },
      { status: 404 },
      elsewhere,
      { body: 'no json' },
      { body: 'x'.repeat(300_000) },
    ]) {
      answer = each;
      await expectUnavailable(await new Browse(app.url).get(START('later')));
    }
    answer = {};
    const before = asked;
    expect((await begin(new Browse(app.url), 'later')).origin).toBe(later.url);
    expect((await begin(new Browse(app.url), 'later')).origin).toBe(later.url);
    // Once for all who come after that.
    expect(asked).toBe(before + 1);
    await later.stop();
  });

  it('is not waited for without end', async () => {
    const before = asked;
    const answers = await Promise.all([1, 2, 3].map(() => new Browse(app.url).get(START('silent'))));
    for (const each of answers) await expectUnavailable(each);
    expect(asked).toBe(before + 1);
  });

  it('is not believed when it says that it is another one', async () => {
    hostile.discovery = (honest) => ({ ...honest, issuer: 'https://other.example' });
    await expectUnavailable(await new Browse(app.url).get(START('hostile')));
    hostile.discovery = (honest) => honest;
    expect((await begin(new Browse(app.url), 'hostile')).origin).toBe(hostile.url);
  });
});
