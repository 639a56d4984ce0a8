import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { CALLBACK, INITIAL_TOKEN, register, startRegistrar } from './support/registration.js';

const METADATA = { redirect_uris: [CALLBACK] };

let app: TestApp;

beforeAll(async () => {
  app = await startRegistrar({ RATE_LIMIT_SENSITIVE: '5/minute' });
});
afterAll(() => app.stop());

const clients = async () => (await app.db.query('SELECT id FROM oauth_clients')).length;

describe('POST /oauth/register without its token', () => {
  it.each([
    ['no token', {}, /^Bearer realm="[^"]+"$/],
    ['another token', { token: INITIAL_TOKEN.replace(/.$/, '!') }, /^Bearer .*error="invalid_token"/],
    ['a part of it', { token: INITIAL_TOKEN.slice(0, -1) }, /^Bearer .*error="invalid_token"/],
    ['more than it', { token: `${INITIAL_TOKEN}A` }, /^Bearer .*error="invalid_token"/],
    ['one with a zero byte behind, as if it were padding', { token: `${INITIAL_TOKEN}%00` }, /error="invalid_token"/],
    ['an empty header', { headers: { authorization: '' } }, /^Bearer realm="[^"]+"$/],
  ])('refuses %s with a challenge', async (_, options, challenge) => {
    const before = await clients();
    const { status, body, headers } = await register(app.call, METADATA, { token: undefined, ...options });
    expect([status, body.error]).toEqual([401, 'invalid_token']);
    expect(headers.get('www-authenticate')).toMatch(challenge);
    expect(await clients()).toBe(before);
  });

  it('reads it in the header alone, as a Bearer token', async () => {
    const before = await clients();
    const { call } = app;
    const elsewhere = [
      await call('POST', `/oauth/register?access_token=${INITIAL_TOKEN}`, { json: METADATA }),
      await register(call, METADATA, { token: undefined, headers: { authorization: `Basic ${INITIAL_TOKEN}` } }),
      await register(call, METADATA, { token: undefined, headers: { authorization: INITIAL_TOKEN } }),
      await register(call, METADATA, { token: undefined, headers: { 'x-api-key': INITIAL_TOKEN } }),
      await register(call, { ...METADATA, access_token: INITIAL_TOKEN }, { token: undefined }),
      await register(call, undefined, {
        token: undefined,
        raw: `access_token=${INITIAL_TOKEN}`,
        type: 'application/x-www-form-urlencoded',
      }),
    ];
    expect(elsewhere.map(({ status }) => status)).toEqual([400, 400, 400, 401, 401, 400]);
    expect(await clients()).toBe(before);
  });

  it('tells nobody what is wrong with a registration', async () => {
    const { status, body } = await register(app.call, { redirect_uris: ['javascript:alert(1)'] }, { token: 'x' });
    expect([status, body.error]).toEqual([401, 'invalid_token']);
  });

  it.each(['*/*', 'text/html'])('counts guesses by address, whoever accepts %s', async (accept) => {
    const headers = { accept, 'x-forwarded-for': accept === '*/*' ? '198.51.100.7' : '198.51.100.8' };
    const guesses = [];
    for (let i = 0; i < 7; i += 1) guesses.push(await register(app.call, METADATA, { token: `guess-${i}`, headers }));
    expect(guesses.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect(guesses[6]?.body.error).toBe('temporarily_unavailable');
    expect(guesses[6]?.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

describe('the limit of registrations', () => {
  it('is 20 an hour from an address, of many at once too', async () => {
    const before = await clients();
    const headers = { 'x-forwarded-for': '198.51.100.9' };
    const many = await Promise.all(Array.from({ length: 25 }, () => register(app.call, METADATA, { headers })));
    const statuses = many.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([...Array<number>(20).fill(201), ...Array<number>(5).fill(429)]);
    expect(await clients()).toBe(before + 20);
    const refused = many.find(({ status }) => status === 429);
    expect(refused?.headers.get('ratelimit-policy')).toContain('"route";q=20;w=3600');
    expect((await register(app.call, METADATA)).status).toBe(201);
  });
});
