import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { login } from './support/callers.js';
import { runCommand } from './support/command.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { aPerson, aRecord } from './support/factories.js';
import { type Instance, startInstance } from './support/process.js';
import { productionSettings } from './support/production.js';
import { TestSmtp, tokenIn } from './support/smtp.js';

const DOCUMENTS = ['/docs', '/docs/swagger-ui.css', '/openapi.json'];

let db: TestDatabase;
let good: NodeJS.ProcessEnv;
let instance: Instance;

beforeAll(async () => {
  db = await createDatabase();
  // Everybody logs in from one address here.
  good = { ...productionSettings(db), RATE_LIMIT_SENSITIVE: '1000/minute' };
  instance = await startInstance(good);
});
afterAll(async () => {
  await instance.stop();
  await db.drop();
});

const statusesOf = (of: Instance) => Promise.all(DOCUMENTS.map(async (path) => (await of.call('GET', path)).status));

/** The first administrator, as the operator of a production database makes one. */
async function asFirstAdmin() {
  const { email } = aPerson();
  const { stdout } = await runCommand('admin-create', [email], good);
  return login(instance, { email, password: /^password +(\S+)$/m.exec(stdout)?.[1] ?? '' });
}

describe('a whole environment of production', () => {
  it('starts and is ready', async () => {
    expect((await instance.call('GET', '/health/ready')).status).toBe(200);
  });

  it('serves a person from registration to a record of theirs, once their address is confirmed', async () => {
    const person = aPerson();
    const [smtp, { email, password }] = [await TestSmtp.start(), person];
    const mailing = await startInstance({ ...good, SMTP_URL: smtp.url });
    expect((await mailing.call('POST', '/api/v1/auth/register', { json: person })).status).toBe(202);
    const early = await instance.call('POST', '/api/v1/auth/login', { json: { email, password } });
    expect([early.status, early.body.code]).toEqual([401, 'credentials_invalid']);
    const mail = await smtp.mailTo(email);
    expect(mail.text).toContain('https://api.example.com/email-verification#token=');
    await instance.call('POST', '/api/v1/auth/email/verify', { json: { token: tokenIn(mail) } });
    await mailing.stop();
    await smtp.stop();
    const caller = await login(instance, person);
    const { status, headers } = await caller.call('POST', '/api/v1/data', { json: aRecord() });
    expect(status).toBe(201);
    expect((await caller.call('GET', headers.get('location') ?? '')).status).toBe(200);
  });

  it('has no docs and no document unless they are switched on', async () => {
    expect(await statusesOf(instance)).toEqual([404, 404, 404]);
    const open = await startInstance({ ...good, DOCS_ENABLED: 'true' });
    expect(await statusesOf(open)).toEqual([200, 200, 200]);
    await open.stop();
  });

  it.each([
    ['an answer', '/health/live'],
    ['a refusal', '/api/v1/users/me'],
    ['an unknown path', '/docs'],
  ])('tells browsers to come back over https only, in %s', async (_, path) => {
    const { headers } = await instance.call('GET', path);
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains');
  });

  it('invites nobody without mail: the link would be shown to somebody who is not invited', async () => {
    const admin = await asFirstAdmin();
    const { email } = aPerson();
    const { status, body, headers } = await admin.call('POST', '/api/v1/users', { json: { email } });
    expect([status, body.code]).toEqual([503, 'mail_unavailable']);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await db.query('SELECT 1 FROM users WHERE email = $1', [email])).toEqual([]);
  });

  it('invites by mail alone, and takes the address of who accepts for confirmed', async () => {
    const [smtp, { email, password }] = [await TestSmtp.start(), aPerson()];
    const mailing = await startInstance({ ...good, SMTP_URL: smtp.url });
    const admin = await asFirstAdmin();
    const invited = await mailing.call('POST', '/api/v1/users', { json: { email }, token: admin.token });
    expect([invited.status, 'invitationUrl' in invited.body]).toEqual([201, false]);
    const token = tokenIn(await smtp.mailTo(email));
    await mailing.call('POST', '/api/v1/auth/invitations/accept', { json: { token, password } });
    await mailing.stop();
    await smtp.stop();
    const me = await (await login(instance, { email, password })).call('GET', '/api/v1/users/me');
    expect(me.body).toMatchObject({ email, emailVerified: true });
  });

  it('makes keys that say that they are live', async () => {
    const { call } = await asFirstAdmin();
    const { status, body } = await call('POST', '/api/v1/api-keys', { json: { name: 'first', scopes: ['data:read'] } });
    expect([status, body.key]).toEqual([201, expect.stringMatching(/^rmp_live_/)]);
  });
});
