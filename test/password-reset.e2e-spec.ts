import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../scripts/lib/until.mjs';
import { startApp, type TestApp } from './support/app.js';
import { asUser, login } from './support/callers.js';
import { aPerson } from './support/factories.js';
import type { Call } from './support/http.js';
import { type Instance, startInstance } from './support/process.js';
import { type ReceivedMail, TestSmtp, tokenIn } from './support/smtp.js';
import { dumpTables } from './support/tables.js';

let smtp: TestSmtp;
let app: TestApp;
let second: Instance;
beforeAll(async () => {
  smtp = await TestSmtp.start();
  app = await startApp({ SMTP_URL: smtp.url });
  second = await startInstance(app.settings);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
  await smtp.stop();
});

const forgot = (email: string, headers = {}) =>
  app.call('POST', '/api/v1/auth/password/forgot', { json: { email }, headers });
const reset = (token: string, password: string, call: Call = app.call) =>
  call('POST', '/api/v1/auth/password/reset', { json: { token, password } });

const links = (mails: readonly ReceivedMail[]) => mails.filter(({ text }) => text.includes('/password-reset#'));
/** The mails with a link, once there are so many. */
async function linksTo(email: string, count = 1): Promise<ReceivedMail[]> {
  await until(() => links(smtp.mails.filter(({ to }) => to === email)).length >= count);
  return links(await smtp.mailsTo(email));
}
async function aLink(email: string): Promise<string> {
  const before = links(smtp.mails.filter(({ to }) => to === email)).length;
  expect((await forgot(email)).status).toBe(202);
  return tokenIn((await linksTo(email, before + 1)).at(-1) as ReceivedMail);
}

describe('POST /api/v1/auth/password/reset', () => {
  it('sets the password, ends every session, and confirms the address', async () => {
    const me = await asUser(app);
    const { password } = aPerson();
    expect((await reset(await aLink(me.email), password)).status).toBe(204);
    for (const { call } of [app, second]) {
      await until(async () => (await call('GET', '/api/v1/users/me', { token: me.token })).status === 401, 1000);
    }
    const refreshed = await app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token: me.refreshToken } });
    expect(refreshed.status).toBe(401);
    const again = await login(app, { email: me.email, password });
    expect((await again.call('GET', '/api/v1/users/me')).body.emailVerified).toBe(true);
  });

  it('lets its owner in at once, whatever was guessed before', async () => {
    const me = await asUser(app);
    const enter = (password: string, agent: string) =>
      app.call('POST', '/api/v1/auth/login', { json: { email: me.email, password }, headers: { 'user-agent': agent } });
    for (const agent of ['node', 'another']) {
      for (let i = 0; i < 4; i++) expect((await enter('wrong', agent)).status).toBe(i < 3 ? 401 : 429);
    }
    const { password } = aPerson();
    expect((await reset(await aLink(me.email), password)).status).toBe(204);
    for (const agent of ['node', 'another']) expect((await enter(password, agent)).status).toBe(200);
  });

  it('tells the owner', async () => {
    const me = await asUser(app);
    await reset(await aLink(me.email), aPerson().password);
    const told = () =>
      smtp.mails.filter(({ to, headers }) => to === me.email && headers['subject'] === 'Your password was reset');
    await until(() => told().length > 0);
    expect(told()).toHaveLength(1);
  });

  it('lets one of 50 at once win, over two processes', async () => {
    const { email } = await asUser(app);
    const token = await aLink(email);
    const passwords = Array.from({ length: 50 }, () => aPerson().password);
    const answers = await Promise.all(
      passwords.map((password, i) => reset(token, password, i % 2 ? second.call : app.call)),
    );
    const won = answers.flatMap(({ status }, i) => (status === 204 ? [passwords[i] ?? ''] : []));
    expect(won).toHaveLength(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204, 400]));
    expect((await login(app, { email, password: won[0] ?? '' })).email).toBe(email);
  });

  it('refuses a link that is over, used, of an earlier mail, or for something else, and changes nothing', async () => {
    const me = await asUser(app);
    const first = await aLink(me.email);
    const latest = await aLink(me.email);
    const over = await asUser(app);
    const ended = await aLink(over.email);
    await app.db.query('UPDATE email_tokens SET expires_at = now() WHERE email = $1', [over.email]);
    const verification = tokenIn(
      (await smtp.mailsTo(me.email)).find(({ text }) => text.includes('/email-verification#')) as ReceivedMail,
    );
    const before = await dumpTables(app.db);
    for (const token of [first, ended, verification, 'A'.repeat(43)]) {
      const { status, body } = await reset(token, aPerson().password);
      expect([status, body.code]).toEqual([400, 'email_token_invalid']);
    }
    expect(await dumpTables(app.db)).toEqual(before);
    expect((await reset(latest, aPerson().password)).status).toBe(204);
    expect((await reset(latest, aPerson().password)).status).toBe(400);
  });

  it('keeps the link when the password is refused', async () => {
    const { email } = await asUser(app);
    const token = await aLink(email);
    for (const password of ['short', 'passwordpassword', email])
      expect((await reset(token, password)).status).toBe(400);
    expect((await reset(token, aPerson().password)).status).toBe(204);
  });

  it('lasts 15 minutes', async () => {
    const { email } = await asUser(app);
    await aLink(email);
    const [row] = await app.db.query<{ seconds: number }>(
      `SELECT extract(epoch FROM expires_at - now())::int AS seconds FROM email_tokens WHERE email = $1 AND purpose = 'reset_password'`,
      [email],
    );
    expect(row?.seconds).toBeGreaterThan(840);
    expect(row?.seconds).toBeLessThanOrEqual(900);
  });

  it('lets nobody in whom an administrator has disabled', async () => {
    const { email, id } = await asUser(app);
    const token = await aLink(email);
    await app.db.query(`UPDATE users SET status = 'disabled' WHERE id = $1`, [id]);
    expect((await reset(token, aPerson().password)).status).toBe(400);
  });
});

describe('POST /api/v1/auth/password/forgot', () => {
  it('answers the same for a known and an unknown address, and mails the known one alone', async () => {
    const [me, stranger] = [await asUser(app), aPerson()];
    const [known, unknown] = [await forgot(me.email), await forgot(stranger.email)];
    expect([known.status, known.text]).toEqual([202, unknown.text]);
    expect([...known.headers.keys()].toSorted()).toEqual([...unknown.headers.keys()].toSorted());
    await linksTo(me.email);
    await until(async () => (await app.db.query('SELECT 1 FROM outgoing_mails WHERE sent_at IS NULL')).length === 0);
    expect(smtp.mails.filter(({ to }) => to === stranger.email)).toEqual([]);
  });

  it('links to the configured URL alone, whatever a request says of its host', async () => {
    const { email } = await asUser(app);
    await forgot(email, {
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
      'x-host': 'evil.example',
    });
    const [{ text } = { text: '' }] = await linksTo(email);
    expect(text.match(/\w+:\/\/\S+/g)).toEqual([
      expect.stringMatching(/^http:\/\/localhost:3000\/password-reset#token=/),
    ]);
  });

  it('finds an account however its address is written', async () => {
    const { email } = await asUser(app);
    await forgot(` ${email.toUpperCase()}`.trim());
    expect(await linksTo(email)).toHaveLength(1);
  });
});
