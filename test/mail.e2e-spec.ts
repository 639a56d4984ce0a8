import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../scripts/lib/until.mjs';
import { MailWorker } from '../src/mail/mail-worker.js';
import { startApp, type TestApp } from './support/app.js';
import { aPerson } from './support/factories.js';
import { type Instance, startInstance } from './support/process.js';
import { TestSmtp, tokenIn } from './support/smtp.js';

let smtp: TestSmtp;
let app: TestApp;
/** Ended whatever becomes of their test. */
const others: Instance[] = [];
async function another(settings: NodeJS.ProcessEnv = {}): Promise<Instance> {
  const instance = await startInstance({ ...app.settings, ...settings });
  others.push(instance);
  return instance;
}

beforeAll(async () => {
  smtp = await TestSmtp.start();
  app = await startApp({
    SMTP_URL: smtp.url,
    MAIL_FROM: 'Rampart <no-reply@example.com>',
    PUBLIC_URL: 'http://localhost:3000',
  });
});
/** What becomes of the first mail to an address. Others are taken: they may be of a test before. */
function judgeFirst(address: string, decide: (reply: () => void) => void): void {
  smtp.judge = (mail, reply) => {
    if (mail.to !== address) return reply();
    smtp.judge = (_second, again) => again();
    decide(() => reply());
  };
}
afterEach(() => {
  smtp.recipient = () => null;
  smtp.judge = (_mail, reply) => reply();
});
afterAll(async () => {
  await Promise.all(others.map((each) => each.stop('SIGKILL')));
  await app.stop();
  await smtp.stop();
});

async function register(person = aPerson()) {
  const { status } = await app.call('POST', '/api/v1/auth/register', { json: person });
  expect(status).toBe(202);
  return person.email;
}

interface Waiting {
  attempts: number;
  uncertain: number;
}
/** The mail to an address while it waits. */
const waiting = (email: string) =>
  app.db.query<Waiting>(
    `SELECT attempts, uncertain FROM outgoing_mails WHERE payload ->> 'email' = $1 AND sent_at IS NULL`,
    [email],
  );
/** As if the pause before the next attempt were over. */
async function hurry(email: string): Promise<void> {
  await app.db.query(`UPDATE outgoing_mails SET due_at = now() WHERE payload ->> 'email' = $1`, [email]);
  await app.nest.get(MailWorker).run();
}

describe('a mail', () => {
  it('says whom it is from, that no person wrote it, and which one it is', async () => {
    const { headers, text } = await smtp.mailTo(await register());
    expect(headers).toMatchObject({
      from: 'Rampart <no-reply@example.com>',
      'auto-submitted': 'auto-generated',
      'message-id': expect.stringMatching(/^<[\da-f-]{36}@localhost>$/),
      'content-type': 'text/plain; charset=utf-8',
    });
    expect(text).toContain('http://localhost:3000/email-verification#token=');
  });

  it('leaves what it was made of nowhere: neither the link nor the address', async () => {
    const email = await register();
    const token = tokenIn(await smtp.mailTo(email));
    expect(token).toHaveLength(43);
    await until(async () => (await waiting(email)).length === 0);
    const rows = await app.db.query<{ row: string }>('SELECT outgoing_mails::text AS row FROM outgoing_mails');
    const tokens = await app.db.query<{ row: string }>('SELECT email_tokens::text AS row FROM email_tokens');
    expect(rows.filter(({ row }) => row.includes(email))).toEqual([]);
    expect([...rows, ...tokens].filter(({ row }) => row.includes(token))).toEqual([]);
  });

  it('is not sent when what it tells of was undone', async () => {
    const person = aPerson();
    const second = { ...person, email: person.email.toUpperCase() };
    await register(person);
    await app.call('POST', '/api/v1/auth/register', { json: second });
    await smtp.mailsTo(person.email, 2);
    const subjects = (await smtp.mailsTo(person.email, 2)).map(({ headers }) => headers.subject);
    expect(subjects.toSorted()).toEqual(['Confirm your e-mail address', 'You already have an account']);
  });

  it('of one kind goes to one person five times an hour, and no more', async () => {
    const email = await register();
    await smtp.mailTo(email);
    for (let i = 0; i < 8; i++) {
      expect((await app.call('POST', '/api/v1/auth/email/resend', { json: { email } })).status).toBe(202);
      await until(async () => (await waiting(email)).length === 0);
    }
    expect(await smtp.mailsTo(email)).toHaveLength(5);
  });
});

describe('a mail server', () => {
  it('that says nothing keeps no request waiting', async () => {
    const held: (() => void)[] = [];
    smtp.judge = (_mail, reply) => held.push(reply);
    const reading = once(smtp, 'read');
    const email = await register();
    await reading;
    // The mail is in the hands of the server, which has not answered; the requests have been.
    expect((await app.call('POST', '/api/v1/auth/login', { json: aPerson() })).status).toBe(401);
    await register();
    smtp.judge = (_mail, reply) => reply();
    for (const reply of held) reply();
    await smtp.mailTo(email);
  });

  it('that is away gets everything when it is back', async () => {
    await smtp.stop();
    const emails = await Promise.all(Array.from({ length: 20 }, () => register()));
    await until(async () => (await Promise.all(emails.map(waiting))).flat().length === emails.length);
    await smtp.listen();
    const got = await Promise.all(emails.map((email) => smtp.mailsTo(email)));
    expect(got.map((mails) => mails.length)).toEqual(emails.map(() => 1));
  });

  it('that refuses an address for good is not asked again', async () => {
    smtp.recipient = () => ({ code: 550 });
    const email = await register();
    await until(async () => (await waiting(email)).length === 0);
    expect(smtp.mails.filter(({ to }) => to === email)).toEqual([]);
  });

  it('that refuses for now is asked again', async () => {
    smtp.recipient = () => ({ code: 450 });
    const email = await register();
    await until(async () => (await waiting(email))[0]?.attempts === 1 && (await waiting(email))[0]?.uncertain === 0);
    smtp.recipient = () => null;
    await hurry(email);
    expect(await smtp.mailsTo(email)).toHaveLength(1);
  });

  it('that hangs up when it has read a mail gets it twice, and not a third time', async () => {
    let read = 0;
    const person = aPerson();
    smtp.judge = (mail, reply, hangUp) => {
      if (mail.to !== person.email) return reply();
      read += 1;
      hangUp();
    };
    const email = await register(person);
    await until(async () => (await waiting(email))[0]?.uncertain === 1 && read === 1);
    await hurry(email);
    await until(async () => (await waiting(email))[0]?.uncertain === 2);
    await hurry(email);
    expect([read, await waiting(email)]).toEqual([2, [{ attempts: 2, uncertain: 2 }]]);
  });
});

describe('an instance that is told to end', () => {
  it('does not wait for a mail server that says nothing, and leaves the mail to the next', async () => {
    const other = await another();
    const person = aPerson();
    const reading = new Promise<() => void>((resolve) => judgeFirst(person.email, resolve));
    await other.call('POST', '/api/v1/auth/register', { json: person });
    const reply = await reading;
    expect(await other.stop()).toBe(0);
    reply();
    await until(async () => {
      await hurry(person.email);
      return (await waiting(person.email)).length === 0;
    });
    expect(await smtp.mailsTo(person.email)).toHaveLength(2);
  });
});

describe('several instances', () => {
  it('send each mail once', async () => {
    const two = await Promise.all([another(), another()]);
    const enter = async (instance: Instance | undefined) => {
      const person = aPerson();
      expect((await instance?.call('POST', '/api/v1/auth/register', { json: person }))?.status).toBe(202);
      return person.email;
    };
    const emails: string[] = [];
    // A few at a time: what is tested is not the queue of passwords.
    for (let i = 0; i < 12; i++) emails.push(...(await Promise.all([0, 0, 1, 1].map((each) => enter(two[each])))));
    await Promise.all(emails.map((email) => smtp.mailTo(email)));
    await Promise.all(two.map((each) => each.stop()));
    await until(async () => (await Promise.all(emails.map(waiting))).flat().length === 0);
    expect(emails.map((email) => smtp.mails.filter(({ to }) => to === email).length)).toEqual(emails.map(() => 1));
  });

  it('lose none of which one was killed while it was sent, and send it at most once more', async () => {
    const other = await another({ LOG_LEVEL: 'info' });
    const person = aPerson();
    const ended = once(other.child, 'exit');
    judgeFirst(person.email, (reply) => {
      other.child.kill('SIGKILL');
      // The server has it, and nobody is there to hear so.
      void ended.then(reply);
    });
    await other.call('POST', '/api/v1/auth/register', { json: person });
    await ended;
    await smtp.mailTo(person.email);
    expect(await waiting(person.email)).toEqual([{ attempts: 1, uncertain: 1 }]);
    await until(async () => {
      await hurry(person.email);
      return (await waiting(person.email)).length === 0;
    });
    const got = await smtp.mailsTo(person.email, 2);
    expect(got).toHaveLength(2);
    expect(new Set(got.map(({ headers }) => headers['message-id'])).size).toBe(1);
    expect(other.output()).not.toContain(person.email);
  });
});
