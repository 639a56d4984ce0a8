import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../scripts/lib/until.mjs';
import { startApp, type TestApp } from './support/app.js';
import { asUser, login, type TestCaller } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { TestSmtp, tokenIn } from './support/smtp.js';

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

const change = (me: TestCaller, email: string, password = me.password) =>
  me.call('POST', '/api/v1/users/me/email', { json: { email, password } });
const verify = (token: string) => app.call('POST', '/api/v1/auth/email/verify', { json: { token } });
const subjectsTo = (email: string) =>
  smtp.mails.flatMap(({ to, headers }) => (to === email ? [headers['subject']] : []));
const nothingWaits = () =>
  until(async () => (await app.db.query('SELECT 1 FROM outgoing_mails WHERE sent_at IS NULL')).length === 0);

describe('POST /api/v1/users/me/email', () => {
  it('changes the address when the link that was sent to it is opened, and tells the old one', async () => {
    const [me, { email }] = [await asUser(app), aPerson()];
    expect((await change(me, email)).status).toBe(202);
    const token = tokenIn(await smtp.mailTo(email));
    expect((await me.call('GET', '/api/v1/users/me')).body.email).toBe(me.email);
    expect((await verify(token)).status).toBe(204);
    expect((await me.call('GET', '/api/v1/users/me')).body).toMatchObject({ email, emailVerified: true });
    expect((await login(app, { email, password: me.password })).id).toBe(me.id);
    await nothingWaits();
    expect(subjectsTo(me.email)).toContain('Your e-mail address was changed');
    expect(subjectsTo(email)).not.toContain('Your e-mail address was changed');
    const { body } = await me.call('GET', '/api/v1/users/me/security-events');
    expect(body.items.map(({ kind }: { kind: string }) => kind)).toContain('email.changed');
    expect((await verify(token)).status).toBe(400);
  });

  it('needs the password', async () => {
    const [me, { email }] = [await asUser(app), aPerson()];
    const { status, body } = await change(me, email, `${me.password}x`);
    expect([status, body.code]).toEqual([403, 'password_wrong']);
    await nothingWaits();
    expect(subjectsTo(email)).toEqual([]);
  });

  it('answers the same for an address that somebody has, and tells that one alone', async () => {
    const [me, other, { email }] = [await asUser(app), await asUser(app), aPerson()];
    const [taken, free] = [await change(me, other.email), await change(me, email)];
    expect([taken.status, taken.text]).toEqual([202, free.text]);
    await smtp.mailTo(email);
    await nothingWaits();
    expect(subjectsTo(other.email)).toContain('You already have an account');
    expect(subjectsTo(other.email)).not.toContain('Confirm your new e-mail address');
  });

  it('is refused at the link where somebody took the address meanwhile, and changes nothing', async () => {
    const [me, person] = [await asUser(app), aPerson()];
    await change(me, person.email);
    const token = tokenIn(await smtp.mailTo(person.email));
    await app.call('POST', '/api/v1/auth/register', { json: person });
    const { status, body } = await verify(token);
    expect([status, body.code]).toEqual([409, 'email_taken']);
    expect((await me.call('GET', '/api/v1/users/me')).body.email).toBe(me.email);
  });

  it('lets the latest link alone change it', async () => {
    const [me, first, second] = [await asUser(app), aPerson(), aPerson()];
    await change(me, first.email);
    const early = tokenIn(await smtp.mailTo(first.email));
    await change(me, second.email);
    const late = tokenIn(await smtp.mailTo(second.email));
    expect([(await verify(early)).status, (await verify(late)).status]).toEqual([400, 204]);
    expect((await me.call('GET', '/api/v1/users/me')).body.email).toBe(second.email);
  });

  it('ends with the password it was asked for with: whoever knew that one does not come back by it', async () => {
    const [me, thief] = [await asUser(app), aPerson()];
    await change(me, thief.email);
    const token = tokenIn(await smtp.mailTo(thief.email));
    const json = { currentPassword: me.password, newPassword: aPerson().password };
    expect((await me.call('POST', '/api/v1/users/me/password', { json })).status).toBe(204);
    expect((await verify(token)).status).toBe(400);
    expect((await me.call('GET', '/api/v1/users/me')).body.email).toBe(me.email);
  });

  it('ends a link for a new password that went to the old address', async () => {
    const [me, { email }] = [await asUser(app), aPerson()];
    await app.call('POST', '/api/v1/auth/password/forgot', { json: { email: me.email } });
    await until(() => subjectsTo(me.email).includes('Reset your password'));
    const mail = (await smtp.mailsTo(me.email)).find(({ headers }) => headers['subject'] === 'Reset your password');
    await change(me, email);
    expect((await verify(tokenIn(await smtp.mailTo(email)))).status).toBe(204);
    const json = { token: mail ? tokenIn(mail) : '', password: aPerson().password };
    expect((await app.call('POST', '/api/v1/auth/password/reset', { json })).body.code).toBe('email_token_invalid');
  });
});
