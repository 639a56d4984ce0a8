import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../scripts/lib/until.mjs';
import { startApp, type TestApp } from './support/app.js';
import { login } from './support/callers.js';
import { aPerson } from './support/factories.js';
import type { Call } from './support/http.js';
import { type Instance, startInstance } from './support/process.js';
import { TestSmtp, tokenIn } from './support/smtp.js';
import { dumpTables } from './support/tables.js';

let smtp: TestSmtp;
let app: TestApp;
/** Another process on the same database, where login waits for a verified address. */
let strict: Instance;

beforeAll(async () => {
  smtp = await TestSmtp.start();
  app = await startApp({ SMTP_URL: smtp.url });
  strict = await startInstance({ ...app.settings, AUTH_REQUIRE_VERIFIED_EMAIL: 'true' });
});
afterAll(async () => {
  await strict.stop();
  await app.stop();
  await smtp.stop();
});

const verify = (token: string, call: Call = app.call) => call('POST', '/api/v1/auth/email/verify', { json: { token } });
const resend = (email: string, call: Call = app.call) => call('POST', '/api/v1/auth/email/resend', { json: { email } });

async function register(call: Call = app.call) {
  const person = aPerson();
  expect((await call('POST', '/api/v1/auth/register', { json: person })).status).toBe(202);
  return { ...person, token: tokenIn(await smtp.mailTo(person.email)) };
}

const nothingWaits = () =>
  until(async () => (await app.db.query('SELECT 1 FROM outgoing_mails WHERE sent_at IS NULL')).length === 0);

describe('POST /api/v1/auth/email/verify', () => {
  it('confirms the address with the token of the mail, once', async () => {
    const person = await register();
    expect((await verify(person.token)).status).toBe(204);
    const me = await (await login(app, person)).call('GET', '/api/v1/users/me');
    expect(me.body.emailVerified).toBe(true);
    const again = await verify(person.token);
    expect([again.status, again.body.code]).toEqual([400, 'email_token_invalid']);
  });

  it('audits it', async () => {
    const person = await register();
    const { headers } = await verify(person.token);
    const { id } = await login(app, person);
    const rows = await app.db.query(
      `SELECT actor_kind, request_id FROM audit_events WHERE action = 'user.email_verified' AND target_id = $1`,
      [id],
    );
    expect(rows).toEqual([{ actor_kind: 'anonymous', request_id: headers.get('x-request-id') }]);
  });

  it('lets one of 50 at once win, over two processes', async () => {
    const { token } = await register();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => verify(token, i % 2 ? strict.call : app.call)),
    );
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([204, ...Array<number>(49).fill(400)]);
  });

  it('refuses what is no token, over, or of a mail before the latest, and changes nothing', async () => {
    const person = await register();
    expect((await resend(person.email)).status).toBe(202);
    const latest = tokenIn(await smtp.mailTo(person.email, 2));
    const over = await register();
    await app.db.query(`UPDATE email_tokens SET expires_at = now() WHERE email = $1`, [over.email]);
    await nothingWaits();
    const before = await dumpTables(app.db);
    for (const token of [person.token, over.token, `${latest}A`, latest.toLowerCase(), 'A'.repeat(43)]) {
      const { status, body } = await verify(token);
      expect([status, body.code], token).toEqual([400, 'email_token_invalid']);
    }
    expect(await dumpTables(app.db)).toEqual(before);
    expect((await verify(latest)).status).toBe(204);
  });

  it('refuses the token of somebody who was disabled meanwhile', async () => {
    const person = await register();
    await app.db.query(`UPDATE users SET status = 'disabled' WHERE email = $1`, [person.email]);
    expect((await verify(person.token)).status).toBe(400);
  });
});

describe('POST /api/v1/auth/email/resend', () => {
  it('answers the same for an unknown, an unverified and a verified address, and mails the unverified one alone', async () => {
    const [unverified, verified, unknown] = [await register(), await register(), aPerson()];
    await verify(verified.token);
    const answers = await Promise.all([unverified, verified, unknown].map(({ email }) => resend(email)));
    const shown = answers.map(({ status, text, headers }) => {
      const { 'x-request-id': _, date: __, ...fields } = Object.fromEntries(headers);
      return { status, text, names: Object.keys(fields) };
    });
    expect(new Set(shown.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(shown[0]?.status).toBe(202);
    await smtp.mailsTo(unverified.email, 2);
    await nothingWaits();
    expect(smtp.mails.filter(({ to }) => to === verified.email)).toHaveLength(1);
    expect(smtp.mails.filter(({ to }) => to === unknown.email)).toEqual([]);
  });

  it('links to the configured URL alone, whatever a request says of its host', async () => {
    const person = await register();
    const headers = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
      forwarded: 'host=evil.example',
      'x-original-url': 'https://evil.example/',
      origin: 'https://evil.example',
      referer: 'https://evil.example/',
    };
    await app.call('POST', '/api/v1/auth/email/resend', { json: { email: person.email }, headers });
    const { text } = await smtp.mailTo(person.email, 2);
    expect(text).not.toContain('evil');
    expect(text.match(/\w+:\/\/\S+/g)).toEqual([
      expect.stringMatching(/^http:\/\/localhost:3000\/email-verification#token=/),
    ]);
  });
});

describe('AUTH_REQUIRE_VERIFIED_EMAIL', () => {
  const enter = ({ email, password }: { email: string; password: string }) =>
    strict.call('POST', '/api/v1/auth/login', { json: { email, password } });

  it('makes login wait, with the answer of an unknown address', async () => {
    const person = await register(strict.call);
    const [unverified, unknown] = [await enter(person), await enter(aPerson())];
    expect([unverified.status, unverified.body.code]).toEqual([401, 'credentials_invalid']);
    const { requestId: _, ...shown } = unverified.body;
    expect(unknown.body).toMatchObject(shown);
    expect((await verify(person.token, strict.call)).status).toBe(204);
    expect((await enter(person)).status).toBe(200);
  });

  it('tells nobody by registration and login whether an address was taken', async () => {
    const taken = await register(strict.call);
    await verify(taken.token);
    const [first, second] = [aPerson(), { ...aPerson(), email: taken.email }];
    const answers = [];
    for (const person of [first, second]) {
      const registered = await strict.call('POST', '/api/v1/auth/register', { json: person });
      const entered = await enter(person);
      answers.push([registered.status, registered.text, entered.status, entered.body.code]);
    }
    expect(answers[1]).toEqual(answers[0]);
  });
});
