import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { login } from './support/callers.js';
import { failedWith, runCommand, runScript } from './support/command.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { aPerson } from './support/factories.js';
import { footprintOf } from './support/footprint.js';
import { hold, waitingBackends } from './support/locks.js';
import { freePort } from '../scripts/lib/network.mjs';
import { type Instance, startInstance } from './support/process.js';
import { productionSettings } from './support/production.js';
import { tablesWith } from './support/tables.js';

const USAGE = 'usage: npm run admin:create -- <email> [--password-file <file>]';
const RULE = 'a password has 15 to 128 characters';

const folder = mkdtempSync(join(tmpdir(), 'rampart-admin-'));
let db: TestDatabase;
let good: NodeJS.ProcessEnv;
let instance: Instance;

beforeAll(async () => {
  db = await createDatabase();
  good = { ...productionSettings(db), RATE_LIMIT_SENSITIVE: '1000000/minute' };
  instance = await startInstance(good);
});
afterAll(async () => {
  await instance.stop();
  await db.drop();
  rmSync(folder, { recursive: true });
});

const create = (args: string[], changes: NodeJS.ProcessEnv = {}) =>
  runCommand('admin-create', args, { ...good, ...changes });

/** The arguments for a person whose password is in a file. */
function withFile({ email, password }: { email: string; password: string }, end = ''): string[] {
  const file = join(folder, email);
  writeFileSync(file, password + end);
  return [email, '--password-file', file];
}

const rolesOf = async (person: { email: string; password: string }) =>
  (await (await login(instance, person)).call('GET', '/api/v1/users/me')).body.roles;

/** Every command line of this machine at a moment when the command is in the middle of its work. */
async function commandLinesDuring(args: string[]) {
  const release = await hold(db, 'LOCK TABLE users IN EXCLUSIVE MODE');
  const running = runScript('admin-create', args, good);
  await waitingBackends(db);
  const { stdout: lines } = await promisify(execFile)('ps', ['-ww', '-eo', 'args='], { maxBuffer: 2 ** 24 });
  await release();
  return { lines, ...(await running) };
}

describe('npm run admin:create', () => {
  it('makes the first administrator of a production database, who logs in with the password that is shown', async () => {
    expect(await db.query('SELECT 1 FROM users')).toEqual([]);
    const { email } = aPerson();
    const { code, stdout, stderr } = await runScript('admin-create', [email], good);
    const [, password = ''] = /^password {6}([\w-]{20})$/m.exec(stdout) ?? [];
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `administrator ${email}\npassword      ${password}\n`,
      stderr: '',
    });
    expect(await rolesOf({ email, password })).toEqual(['admin']);
    expect(await tablesWith(db, password)).toEqual([]);
    expect(await db.query(`SELECT actor_kind FROM audit_events WHERE action = 'user.registered'`)).toEqual([
      { actor_kind: 'system' },
    ]);
  });

  it('makes another one at the second run, with another password', async () => {
    const [first, second] = [await create([aPerson().email]), await create([aPerson().email])];
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(second.stdout.split('\n')[1]).not.toBe(first.stdout.split('\n')[1]);
  });

  it.each(['', '\n', '\r\n'])('takes the password of a file that ends with %j, and does not show it', async (end) => {
    const person = aPerson();
    const result = await create(withFile(person, end));
    expect(result).toEqual({ code: 0, stdout: `administrator ${person.email}\n`, stderr: '' });
    expect(await rolesOf(person)).toEqual(['admin']);
  });

  it('shows the password to nobody who lists processes', async () => {
    const person = aPerson();
    const given = await commandLinesDuring(withFile(person));
    const made = await commandLinesDuring([aPerson().email]);
    const [, password = ''] = /^password +(\S+)$/m.exec(made.stdout) ?? [];
    expect(given.lines).toContain(`dist/cli/admin-create.js ${person.email}`);
    expect(given.lines).not.toContain(person.password);
    expect(password).toHaveLength(20);
    expect(made.lines).not.toContain(password);
  });
});

describe('npm run admin:create writes nothing and says in one line', () => {
  const password = 'hush-hush-hush-hush';

  it.each([
    ['that there is no address', [], USAGE],
    ['that a password is no argument', ['b@example.com', password], USAGE],
    ['that there is no such option', ['b@example.com', '--password', password], USAGE],
    ['that the address is none', ['nobody'], 'that is no e-mail address'],
    ['that the address is too long', [`${'a'.repeat(60)}@${'b.'.repeat(100)}com`], 'that is no e-mail address'],
    ['that the file is missing', ['b@example.com', '--password-file', '/nowhere'], 'the password file cannot be read'],
    ['that the password is too short', withFile({ email: 'c@example.com', password: 'fourteen chars' }), RULE],
    [
      'that the password is longer than a login takes',
      withFile({ email: 'd@example.com', password: 'x'.repeat(129) }),
      RULE,
    ],
    ['that the file is empty', withFile({ email: 'e@example.com', password: '' }), RULE],
  ])('%s', async (_, args, line) => {
    const before = await footprintOf(db);
    expect(await create(args)).toEqual(failedWith(line));
    expect(await footprintOf(db)).toEqual(before);
  });

  it('that the address is taken, in whatever case', async () => {
    const person = aPerson();
    await create(withFile(person));
    const before = await footprintOf(db);
    const again = withFile({ email: person.email.toUpperCase(), password });
    expect(await create(again)).toEqual(failedWith('this e-mail address is taken'));
    expect(await footprintOf(db)).toEqual(before);
    expect(await rolesOf(person)).toEqual(['admin']);
  });

  it('that there is no database, or none that answers, or none with a schema', async () => {
    const missing = await runScript('admin-create', [aPerson().email], { ...good, DATABASE_URL: '' });
    expect(missing).toEqual(failedWith('DATABASE_URL is missing (postgres://user:password@host:5432/database)'));
    const gone = await create([aPerson().email], {
      DATABASE_URL: `postgres://u:${password}@127.0.0.1:${await freePort()}/d`,
    });
    expect(gone).toEqual(failedWith('DATABASE_URL: the database cannot be reached (ECONNREFUSED)'));
    const empty = await createDatabase({ empty: true });
    const { code, stdout, stderr } = await create([aPerson().email], { DATABASE_URL: empty.url });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^rampart: the database lacks .*npm run migration:run.*\n$/);
    await empty.drop();
  });
});
