import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import type { TestApp } from './support/app.js';
import { asAdmin } from './support/callers.js';
import { aPersonAt, aPublicClient, startOAuth } from './support/code-flow.js';

let app: TestApp;
let clientId: string;

beforeAll(async () => {
  app = await startOAuth();
  const redirectUris = ['http://127.0.0.1/callback'];
  ({ id: clientId } = await aPublicClient(await asAdmin(app), { applicationType: 'native', redirectUris }));
});
afterAll(() => app.stop());

describe('examples/client.mjs', () => {
  it.each([
    ['allow', /^Signed in as [\da-f-]{36}; GET \/api\/v1\/data answers 200\.$/],
    ['cancel', /^Not signed in: access_denied\.$/],
  ])('sends somebody to sign in, and says what came of it: %s', async (decision, outcome) => {
    const redirect = `http://127.0.0.1:${await freePort()}/callback`;
    const env = { ...process.env, ISSUER: `${app.url}/oauth`, CLIENT_ID: clientId, REDIRECT_URI: redirect };
    const program = spawn(process.execPath, ['examples/client.mjs'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(program, 'exit');
    const said = createInterface(program.stdout)[Symbol.asyncIterator]();
    const begun = String((await said.next()).value);
    expect(begun).toMatch(/^Open http/);
    const { browser, caller } = await aPersonAt(app);
    await browser.get(begun.slice('Open '.length));
    await browser.submit({ email: caller.email, password: caller.password });
    const { location } = await browser.submit({ decision });
    expect(location?.startsWith(`${redirect}?`)).toBe(true);
    expect((await fetch(new URL('/favicon.ico', redirect))).status).toBe(404);
    expect((await fetch(location ?? '')).status).toBe(200);
    expect((await said.next()).value).toMatch(outcome);
    expect((await ended)[0]).toBe(0);
  });
});
