import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, testSettings, type TestApp } from './support/app.js';
import { login } from './support/callers.js';
import { failedWith, runScript } from './support/command.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { footprintOf } from './support/footprint.js';
import { hold, waitingBackends } from './support/locks.js';
import { followLinks } from './support/pages.js';

const UNTIL = ['--until', '2026-06-30'];
const loadInto = (settings: NodeJS.ProcessEnv, args: string[]) => runScript('load-seed', args, settings);

let app: TestApp;
let shown: { user: string; administrator: string; password: string };

/** What the last lines of a load say to try. */
function loginsIn(stdout: string): typeof shown {
  const said = (what: string) => new RegExp(`^ {2}${what} +(\\S+)`, 'm').exec(stdout)?.[1] ?? '';
  return { user: said('user'), administrator: said('administrator'), password: said('password') };
}

async function countsOf(db: TestDatabase): Promise<Record<string, number>> {
  const tables = ['users', 'passwords', 'invitations', 'sessions', 'refresh_tokens', 'api_keys', 'records'];
  const counts = tables.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
  return (await db.query<Record<string, number>>(`SELECT ${counts.join(', ')}`))[0] ?? {};
}

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

describe('npm run load:seed', () => {
  const usage = /^rampart: usage: npm run load:seed -- --users <n> --records <n> .*\n$/;
  it.each([
    [[], usage],
    [['--users', '10'], usage],
    [['--users', '10', '--records', '10', 'more'], usage],
    [['--users', '10', '--records', '10', '--sed', '1'], usage],
    [['--users', '0', '--records', '10'], /^rampart: --users must be a whole number from 1 to \d+\n$/],
    [['--users', '1e3', '--records', '10'], /^rampart: --users must be a whole number/],
    [['--users', '10', '--records=-1'], /^rampart: --records must be a whole number from 0 to \d+\n$/],
    [['--users', '10', '--records', '10', '--seed', 'x'], /^rampart: --seed must be a whole number/],
    [['--users', '10', '--records', '10', '--until', 'now'], /^rampart: --until must be a day such as/],
    [['--users', '10', '--records', '10', '--until', '2999-01-01'], /^rampart: --until must be a day such as/],
  ])('refuses %j in one line', async (args, line) => {
    const { code, stdout, stderr } = await loadInto(app.settings, args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  it('refuses production unless it is told to', async () => {
    const production = { ...app.settings, NODE_ENV: 'production', PUBLIC_URL: 'https://api.example.com' };
    const before = await footprintOf(app.db);
    expect(await loadInto(production, ['--users', '1', '--records', '1'])).toEqual(
      failedWith('this fills the database with people that do not exist: in production only with --in-production'),
    );
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it('makes as many users and records as it was told to, and says with what to log in', async () => {
    const { code, stdout } = await loadInto(app.settings, ['--users', '1000', '--records', '5000', ...UNTIL]);
    expect(code).toBe(0);
    const counts = await countsOf(app.db);
    expect(counts).toMatchObject({ users: 1000, records: 5000 });
    for (const [table, count] of Object.entries(counts)) {
      expect(count, table).toBeGreaterThan(0);
      expect(stdout).toMatch(new RegExp(`^ {2}${table} +${count.toLocaleString('en-US')}$`, 'm'));
    }
    shown = loginsIn(stdout);
  });

  it('refuses a database that has users', async () => {
    const before = await footprintOf(app.db);
    expect(await loadInto(app.settings, ['--users', '1', '--records', '1'])).toEqual(
      failedWith('the database has users already: --add adds to them'),
    );
    expect(await footprintOf(app.db)).toEqual(before);
  });
});

describe('what was loaded', () => {
  it('lets anybody log in, list and search what is theirs', async () => {
    const { user: email, password } = shown;
    const caller = await login(app, { email, password });
    const [{ mine } = { mine: 0 }] = await app.db.query<{ mine: number }>(
      'SELECT count(*)::int AS mine FROM records WHERE owner_id = $1 AND deleted_at IS NULL',
      [caller.id],
    );
    const all = await followLinks(caller, '/api/v1/data?limit=100');
    expect(mine).toBeGreaterThan(100);
    expect(all).toHaveLength(mine);
    const found = await followLinks(caller, '/api/v1/data?limit=100&q=invoice');
    expect(found.map(({ id }) => id)).toEqual(all.filter(({ name }) => /invoice/i.test(name)).map(({ id }) => id));
    expect(found.length).toBeGreaterThan(0);
    const [other = { email: '' }] = await app.db.query<{ email: string }>(
      `SELECT email FROM users WHERE status = 'active' ORDER BY id DESC LIMIT 1`,
    );
    await login(app, { ...other, password });
  });

  it('has an administrator, whom the list of users shows with all others', async () => {
    const { administrator: email, password } = shown;
    const admin = await login(app, { email, password });
    const { status, body } = await admin.call('GET', '/api/v1/users?q=load-&limit=100');
    expect([status, body.items.length, typeof body.nextCursor]).toEqual([200, 100, 'string']);
  });

  it('is spread over time, in ids of version 7 that say when', async () => {
    const [row] = await app.db.query<{ days: number; wrong: number; late: number }>(
      `SELECT count(DISTINCT created_at::date)::int AS days,
         count(*) FILTER (WHERE uuid_extract_timestamp(id) <> created_at)::int AS wrong,
         count(*) FILTER (WHERE greatest(created_at, updated_at, deleted_at) > '2026-06-30')::int AS late FROM records`,
    );
    expect(row).toMatchObject({ wrong: 0, late: 0 });
    expect(row?.days).toBeGreaterThan(300);
  });
});

describe('a load that is stopped', () => {
  const args = ['--users', '5500', '--records', '3000', '--seed', '7', ...UNTIL];
  // Everything but the salt of the hash.
  const digest = `SELECT md5((SELECT string_agg(u::text, '' ORDER BY id) FROM users u)) AS users,
    md5((SELECT string_agg(r::text, '' ORDER BY id) FROM records r)) AS records,
    md5((SELECT string_agg(t::text, '' ORDER BY hash) FROM refresh_tokens t)) AS tokens,
    md5((SELECT string_agg(e::text, '' ORDER BY id) FROM audit_events e)) AS audit`;

  it('leaves whole parts, goes on with --add, and makes what one that was not stopped makes', async () => {
    const [whole, part] = [await createDatabase(), await createDatabase()];
    const settings = (db: TestDatabase) => ({ ...app.settings, ...testSettings, DATABASE_URL: db.url });
    const unstopped = await loadInto(settings(whole), args);
    const [late] = await whole.query<{ email: string }>('SELECT email FROM users ORDER BY id OFFSET 5400 LIMIT 1');
    // Somebody holds an address of the second part: the load waits there.
    const address = `INSERT INTO users (id, email, email_key, roles, status) VALUES (gen_random_uuid(), '', $1, '{user}', 'active')`;
    const release = await hold(part, address, [late?.email]);
    const running = promisify(execFile)(process.execPath, ['scripts/command.mjs', 'load-seed', ...args], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings(part) },
    });
    const ended = running.catch((error: { stderr: string }) => error);
    await waitingBackends(part);
    running.child.kill('SIGTERM');
    expect((await ended).stderr).toContain(
      'stopped; what is there is whole. To go on: npm run load:seed -- --users 5500',
    );
    await release();
    expect((await countsOf(part)).users).toBe(5000);

    const again = await loadInto(settings(part), [...args, '--add']);
    expect(again.stdout).toContain('1 of 2 parts were there before');
    expect(loginsIn(again.stdout)).toEqual(loginsIn(unstopped.stdout));
    expect(await part.query(digest)).toEqual(await whole.query(digest));

    const once = await footprintOf(part);
    expect((await loadInto(settings(part), [...args, '--add'])).stdout).toContain('2 of 2 parts were there before');
    expect(await footprintOf(part)).toEqual(once);
    await Promise.all([whole.drop(), part.drop()]);
  });
});
