import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, login } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { type Instance, startInstance } from './support/process.js';

const STOLEN = 'this one was stolen twice';

/** A range API that knows one password, and can be told to fail. */
async function rangeApi() {
  const asked: { path: string; padded: boolean }[] = [];
  const state = { status: 200, silent: false };
  const suffix = createHash('sha1').update(STOLEN).digest('hex').toUpperCase().slice(5);
  const server: Server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', padded: request.headers['add-padding'] === 'true' });
    if (state.silent) return;
    response.writeHead(state.status).end(`0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n${suffix}:42\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`;
  return { asked, state, url, stop: () => server.closeAllConnections() ?? server.close() };
}

let app: TestApp;
let breaches: Awaited<ReturnType<typeof rangeApi>>;
let asking: Instance;
beforeAll(async () => {
  app = await startApp();
  breaches = await rangeApi();
  asking = await startInstance({ ...app.settings, PASSWORD_BREACH_URL: breaches.url, LOG_LEVEL: 'warn' });
});
afterAll(async () => {
  await asking.stop();
  breaches.stop();
  await app.stop();
});

const register = (password: string, person: object = {}, { call }: Pick<TestApp, 'call'> = app) =>
  call('POST', '/api/v1/auth/register', { json: { ...aPerson(), ...person, password } });
/** Why a password is refused; null where it is not. */
const reason = async (...request: Parameters<typeof register>): Promise<string | null> => {
  const { status, body } = await register(...request);
  if (status === 202) return null;
  expect([status, body.code, body.errors[0].pointer]).toEqual([400, 'validation_failed', '/password']);
  return body.errors[0].code as string;
};

describe('a new password', () => {
  it.each(['passwordpassword', 'PasswordPassword', '1234567890qwerty', '1qaz2wsx3edc4rfv', 'ｐasswordpassword'])(
    'may not be a common one: %s',
    async (password) => expect(await reason(password)).toBe('password_common'),
  );

  it('may not be made of what is known of the person, or of the service', async () => {
    const person = { email: 'ada.lovelace@example.com', username: 'countess', displayName: 'Ada Lovelace' };
    for (const password of [
      'adalovelace-1815',
      'Lovelace.lovelace',
      'Countess!Countess1',
      'example.com-2026',
      'rampart-rampart-1',
    ]) {
      expect([password, await reason(password, person)]).toEqual([password, 'password_context']);
    }
    expect(await reason('lovelace likes poetical science', person)).toBeNull();
  });

  it.each([
    'correct horse battery staple',
    '                 a b',
    'пароль из пяти слов',
    '🐎🔋📎🐎🔋📎🐴🧷🪫🐎🔋🐴🧷🪫🔌',
  ])('may be anything else, with spaces and in any script: %s', async (password) => {
    const person = aPerson({ password });
    expect((await app.call('POST', '/api/v1/auth/register', { json: person })).status).toBe(202);
    expect((await login(app, person)).id).toBeTruthy();
  });

  it('is compared with every frequent password that is long enough', async ({ skip }) => {
    const file = join(process.env['TEST_CORPORA'] ?? '/nowhere', 'passwords/zxcvbn-30000.txt');
    if (!existsSync(file)) skip('TEST_CORPORA names no folder');
    const long = readFileSync(file, 'utf8')
      .split('\n')
      .filter((word) => [...word].length >= 15);
    expect(long.length).toBeGreaterThan(20);
    const missed = [];
    for (const word of long) if ((await reason(word)) === null) missed.push(word);
    expect(missed).toEqual([]);
  });
});

describe('a stolen password', () => {
  it('is refused, and five digits of its hash are all that leaves', async () => {
    expect(await reason(STOLEN, {}, asking)).toBe('password_breached');
    const digest = createHash('sha1').update(STOLEN).digest('hex').toUpperCase();
    expect(breaches.asked.at(-1)).toEqual({ path: `/range/${digest.slice(0, 5)}`, padded: true });
    expect(await reason('this one was not stolen yet', {}, asking)).toBeNull();
  });

  it('passes with a log line where the API fails, or says nothing', async () => {
    breaches.state.status = 503;
    expect(await reason(STOLEN, {}, asking)).toBeNull();
    breaches.state.silent = true;
    expect(await reason(STOLEN, {}, asking)).toBeNull();
    Object.assign(breaches.state, { status: 200, silent: false });
    expect(asking.output().match(/not compared with stolen ones/g)).toHaveLength(2);
    expect(asking.output()).not.toContain(STOLEN);
  });
});

describe('POST /api/v1/users/me/password', () => {
  const change = (caller: { call: TestApp['call'] }, currentPassword: string, newPassword: string) =>
    caller.call('POST', '/api/v1/users/me/password', { json: { currentPassword, newPassword } });

  it('changes it, keeps this session, and ends all others with their refresh tokens', async () => {
    const me = await asUser(app);
    const other = await login(app, me);
    const { password } = aPerson();
    expect((await change(me, me.password, password)).status).toBe(204);
    expect((await me.call('GET', '/api/v1/users/me')).status).toBe(200);
    expect((await other.call('GET', '/api/v1/users/me')).status).toBe(401);
    const refreshed = await app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token: other.refreshToken } });
    expect(refreshed.status).toBe(401);
    const { email } = me;
    expect((await app.call('POST', '/api/v1/auth/login', { json: { email, password: me.password } })).status).toBe(401);
    expect((await login(app, { email, password })).id).toBe(me.id);
  });

  it('refuses a wrong current one, and a new one that is common or made of the address', async () => {
    const me = await asUser(app);
    const wrong = await change(me, `${me.password}x`, aPerson().password);
    expect([wrong.status, wrong.body.code]).toEqual([403, 'password_wrong']);
    for (const [password, code] of [
      ['passwordpassword', 'password_common'],
      [me.email, 'password_context'],
    ] as const) {
      const { status, body } = await change(me, me.password, password);
      expect([status, body.errors]).toEqual([400, [expect.objectContaining({ pointer: '/newPassword', code })]]);
    }
    expect((await login(app, me)).id).toBe(me.id);
  });
});

describe('what a hash costs', () => {
  it('rises at the next login, once the settings ask for more, and never falls', async () => {
    const me = await asUser(app);
    const hashOf = async () => {
      const [row] = await app.db.query<{ hash: string }>('SELECT hash FROM passwords WHERE user_id = $1', [me.id]);
      return row?.hash ?? '';
    };
    const before = await hashOf();
    expect(before).toContain('$m=19456,t=2,p=1$');
    const costly = await startInstance({ ...app.settings, PASSWORD_ITERATIONS: '3', PASSWORD_MEMORY_KIB: '20480' });
    const { email, password } = me;
    const enter = ({ call }: Pick<TestApp, 'call'>, secret: string) =>
      call('POST', '/api/v1/auth/login', { json: { email, password: secret } });
    expect((await enter(costly, `${password}x`)).status).toBe(401);
    expect(await hashOf()).toBe(before);
    expect((await enter(costly, password)).status).toBe(200);
    const after = await hashOf();
    expect(after).toContain('$m=20480,t=3,p=1$');
    expect((await enter(costly, password)).status).toBe(200);
    expect((await enter(app, password)).status).toBe(200);
    expect(await hashOf()).toBe(after);
    await costly.stop();
  });
});
