import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../scripts/lib/until.mjs';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller, withKey } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { TestSmtp } from './support/smtp.js';

let smtp: TestSmtp;
let app: TestApp;
beforeAll(async () => {
  smtp = await TestSmtp.start();
  app = await startApp({ SMTP_URL: smtp.url });
});
afterAll(async () => {
  await app.stop();
  await smtp.stop();
});

const enter = (me: TestCaller, agent: string) =>
  app.call('POST', '/api/v1/auth/login', {
    json: { email: me.email, password: me.password },
    headers: { 'user-agent': agent },
  });
const eventsOf = async (me: TestCaller) => {
  const { status, body } = await me.call('GET', '/api/v1/users/me/security-events');
  expect(status).toBe(200);
  return body.items as { kind: string; client: string | null; network: string | null; at: string }[];
};
const subjectsTo = ({ email }: TestCaller) =>
  smtp.mails.flatMap(({ to, headers }) => (to === email ? [headers['subject'] ?? ''] : []));
/** One mail of an event, and no second one. */
async function toldOnce(me: TestCaller, subject: string): Promise<void> {
  await until(() => subjectsTo(me).includes(subject));
  await until(async () => (await app.db.query('SELECT 1 FROM outgoing_mails WHERE sent_at IS NULL')).length === 0);
  expect(subjectsTo(me).filter((each) => each === subject)).toEqual([subject]);
}

describe('GET /api/v1/users/me/security-events', () => {
  it('tells of a device that was not used before, but not of the first one, nor of a known one', async () => {
    const me = await asUser(app);
    expect(await eventsOf(me)).toEqual([]);
    await enter(me, 'Another Browser/1');
    await enter(me, 'Another Browser/1');
    expect(await eventsOf(me)).toEqual([
      expect.objectContaining({ kind: 'session.new_device', client: 'Another Browser/1', network: '127.0.0.0/24' }),
    ]);
    await toldOnce(me, 'New sign-in to your account');
    const mails = await smtp.mailsTo(me.email);
    const { text } = mails.find(({ headers }) => headers['subject']?.startsWith('New sign-in')) ?? { text: '' };
    expect(text).toContain('Client: Another Browser/1');
    expect(text).not.toMatch(/https?:/);
  });

  it('tells of a key', async () => {
    const me = await asUser(app);
    const { id } = await withKey(app, me);
    expect((await eventsOf(me)).map(({ kind }) => kind)).toEqual(['key.created']);
    await toldOnce(me, 'New API key');
    expect((await me.call('POST', `/api/v1/api-keys/${id}/rotate`, { json: {} })).status).toBe(201);
    expect((await eventsOf(me)).map(({ kind }) => kind)).toEqual(['key.rotated', 'key.created']);
    await toldOnce(me, 'New secret of an API key');
  });

  it('tells of a changed password', async () => {
    const me = await asUser(app);
    const json = { currentPassword: me.password, newPassword: aPerson().password };
    await me.call('POST', '/api/v1/users/me/password', { json });
    expect((await eventsOf(me)).map(({ kind }) => kind)).toEqual(['password.changed']);
    await toldOnce(me, 'Your password was changed');
  });

  it('tells of a refresh token that was used again, though that session is over', async () => {
    const me = await asUser(app);
    const { body } = await enter(me, 'node');
    const use = (token: string) => app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token: token } });
    const first = await use(body.refresh_token);
    await use(first.body.refresh_token);
    expect((await use(body.refresh_token)).status).toBe(401);
    await toldOnce(me, 'A session was ended');
    expect((await eventsOf(me)).map(({ kind }) => kind)).toContain('session.reuse_detected');
  });

  it('shows the newest first, and nothing of another', async () => {
    const [me, other] = [await asUser(app), await asUser(app)];
    await withKey(app, other);
    await withKey(app, me);
    await enter(me, 'Third Browser/3');
    expect((await eventsOf(me)).map(({ kind }) => kind)).toEqual(['session.new_device', 'key.created']);
  });
});
