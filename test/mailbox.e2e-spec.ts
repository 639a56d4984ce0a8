import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../scripts/lib/until.mjs';
import { startApp, type TestApp } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { aPerson } from './support/factories.js';
import { productionSettings, refusalOf, refusedWith } from './support/production.js';

const folder = mkdtempSync(join(tmpdir(), 'rampart-mailbox-'));
const mails = join(folder, 'mails');
let app: TestApp;

beforeAll(async () => {
  app = await startApp({ MAIL_DIR: mails });
});
afterAll(async () => {
  await app.stop();
  rmSync(folder, { recursive: true });
});

const page = () => app.call('GET', '/dev/mailbox');

describe('GET /dev/mailbox', () => {
  it('is empty before anything was sent', async () => {
    const { status, text, headers } = await page();
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).toContain('Nothing was sent yet');
  });

  it('shows a mail, whose link works', async () => {
    const { email, password } = aPerson();
    await app.call('POST', '/api/v1/auth/register', { json: { email, password } });
    await until(async () => (await page()).text.includes(email));
    const { text, headers } = await page();
    expect(headers.get('cache-control')).toBe('no-store');
    const token = /<a href="http:\/\/localhost:3000\/email-verification#token=([\w-]{43})">/.exec(text)?.[1];
    expect((await app.call('POST', '/api/v1/auth/email/verify', { json: { token } })).status).toBe(204);
  });

  it('keeps each in a file that only its owner reads, and that a mail program opens', () => {
    const [name = ''] = [readdirSync(mails).find((each) => each.endsWith('.eml'))];
    expect(statSync(join(mails, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(mails, name), 'utf8')).toContain('\r\nFrom: no-reply@localhost\r\n');
  });

  it('shows nothing of a mail as anything but text', async () => {
    const hostile = `</pre><script>alert(1)</script> https://a.example/"onclick="alert(1) & 'x'`;
    const mail = { id: hostile, to: hostile, subject: hostile, text: hostile, at: hostile };
    writeFileSync(join(mails, 'zz.json'), JSON.stringify(mail));
    const { text } = await page();
    rmSync(join(mails, 'zz.json'));
    expect(text).not.toContain('<script');
    expect(text).not.toContain('"onclick');
    expect(text).toContain('&lt;/pre&gt;&lt;script&gt;');
  });

  it('is not there where mail goes to a server or nowhere', async () => {
    const other = await startApp();
    const { status, body } = await other.call('GET', '/dev/mailbox');
    await other.stop();
    expect([status, body.code]).toEqual([404, 'not_found']);
  });
});

describe('MAIL_DIR in production', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase();
  });
  afterAll(() => db.drop());

  it('keeps the process from starting', async () => {
    expect(await refusalOf({ ...productionSettings(db), MAIL_DIR: mails })).toEqual(
      refusedWith(expect.stringContaining('MAIL_DIR is for development: set SMTP_URL')),
    );
  });
});
