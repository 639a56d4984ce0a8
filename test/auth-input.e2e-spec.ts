import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { aPerson } from './support/factories.js';
import { dumpTables } from './support/tables.js';
import { expectInvalid } from './support/wrong-values.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const post = (path: string, json: unknown) => app.call('POST', `/api/v1/auth/${path}`, { json });

describe('e-mail addresses', () => {
  const refused = [
    'plain',
    '@example.com',
    'a@',
    'a@b',
    'a b@example.com',
    'a@exa mple.com',
    'a@example.com\n',
    ' a@b.cd',
  ];
  it.each(refused)('refuses %j', async (email) => {
    expectInvalid(await post('register', aPerson({ email })), '/email', email);
  });

  it('takes no more than 254 characters', async () => {
    const email = `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example`;
    expect(email.length).toBeLessThanOrEqual(254);
    expect((await post('register', aPerson({ email }))).status).toBe(202);
    expectInvalid(await post('register', aPerson({ email: `${email}.example` })), '/email', 'too long');
  });
});

describe('new passwords', () => {
  const emoji = '\u{1f512}';
  const accepted = {
    '15 characters': 'a'.repeat(15),
    'only spaces': ' '.repeat(15),
    '128 characters': 'ä'.repeat(128),
    '15 characters outside the BMP': emoji.repeat(15),
    '128 characters outside the BMP': emoji.repeat(128),
    '15 letters, decomposed': 'e\u0301'.repeat(15),
    'letters of every script': 'пароль 密码 סיסמה ok',
  };
  const refused = {
    '14 characters': 'a'.repeat(14),
    '129 characters': 'a'.repeat(129),
    '14 characters of 28 UTF-16 units': emoji.repeat(14),
    '14 letters, decomposed': 'e\u0301'.repeat(14),
    'one character that normalization makes 18': '\ufdfa',
    '129 characters after normalization': 'ﬀ'.repeat(64) + 'a',
  };

  it.each(Object.entries(accepted))('may have %s', async (_, password) => {
    const person = aPerson({ password });
    expect((await post('register', person)).status).toBe(202);
    expect((await post('login', person)).status).toBe(200);
  });

  it.each(Object.entries(refused))('may not have %s', async (what, password) => {
    expectInvalid(await post('register', aPerson({ password })), '/password', what);
    expectInvalid(await post('invitations/accept', { token: 'token', password }), '/password', what);
  });

  it('are compared whole: the last of 128 characters counts, and so does a space at either end', async () => {
    const password = 'p'.repeat(126);
    const others = [` ${password}?`, ` ${password}`, `${password}!`, ` ${password}! `, ` ${password.toUpperCase()}!`];
    for (const other of others) {
      // Of its own each: so many wrong ones of one account are not compared any more.
      const person = aPerson({ password: ` ${password}!` });
      await post('register', person);
      expect((await post('login', { ...person, password: other })).status).toBe(401);
      expect((await post('login', person)).status).toBe(200);
    }
  });

  it('are one password however a keyboard composes them', async () => {
    const person = aPerson({ password: 'crème brûlée \u212a ﬁ' });
    await post('register', person);
    for (const password of [person.password.normalize('NFD'), person.password.normalize('NFKC')]) {
      expect((await post('login', { email: person.email, password })).status).toBe(200);
    }
  });

  it('are stored as argon2id with the configured cost alone', async () => {
    const person = aPerson();
    await post('register', person);
    const dump = [...(await dumpTables(app.db)).values()].join('\n');
    expect(dump).not.toContain(person.password);
    const rows = await app.db.query<{ hash: string }>('SELECT hash FROM passwords');
    for (const { hash } of rows) expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(new Set(rows.map(({ hash }) => hash)).size).toBe(rows.length);
  });
});
