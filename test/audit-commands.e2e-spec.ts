import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testSettings } from './support/app.js';
import { runCommand } from './support/command.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { dumpTables } from './support/tables.js';

const folder = mkdtempSync(join(tmpdir(), 'rampart-audit-'));
const pem = join(folder, 'key.pem');
const words = join(folder, 'password');
const PASSWORD = 'a password that no row may hold';

let db: TestDatabase;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  db = await createDatabase();
  settings = { ...testSettings, DATABASE_URL: db.url, SECRET_KEY: randomBytes(32).toString('base64') };
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(pem, privateKey.export({ format: 'pem', type: 'pkcs8' }));
  writeFileSync(words, PASSWORD);
});
afterAll(async () => {
  await db.drop();
  rmSync(folder, { recursive: true });
});

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly actions: readonly string[];
  /** What it says when it fails. */
  readonly fails?: string;
}

/** In this order, on a database that has only been migrated. */
const COMMANDS: readonly Command[] = [
  { file: 'migrate', args: [], actions: [] },
  { file: 'migration', args: ['show'], actions: [] },
  // It works on the server, and leaves the rows of tables as they are.
  {
    file: 'db-roles',
    args: [],
    actions: [],
    fails: "ROLES_DATABASE_URL is missing (an administrator's: postgres://user:password@host:5432/database)",
  },
  {
    file: 'seed',
    args: [],
    actions: [
      'signing_key.created',
      'signing_key.created',
      'user.registered',
      'user.registered',
      'key.created',
      'client.created',
    ],
  },
  { file: 'seed', args: [], actions: [] },
  {
    file: 'admin-create',
    args: ['boss@example.com', '--password-file', words],
    actions: ['user.registered'],
  },
  { file: 'admin-create', args: ['boss@example.com'], actions: [], fails: 'this e-mail address is taken' },
  { file: 'admin-create', args: ['no address'], actions: [], fails: 'that is no e-mail address' },
  { file: 'keys', args: ['rotate'], actions: ['signing_key.rotated', 'signing_key.rotated'] },
  { file: 'keys', args: ['rotate', '--algorithm', 'RS256'], actions: ['signing_key.rotated'] },
  { file: 'keys', args: ['import', pem], actions: ['signing_key.imported'] },
  { file: 'keys', args: ['import', pem], actions: [] },
  {
    file: 'keys',
    args: ['import', words],
    actions: [],
    fails: 'the file is no private key in PEM, or one with a passphrase',
  },
];

describe('the audit of a command', () => {
  it('has been thought of for every command there is', () => {
    const files = readdirSync('src/cli').map((name) => name.replace(/\.ts$/, ''));
    const parts = ['context', 'people', 'random-password'];
    expect(files.toSorted()).toEqual([...new Set([...COMMANDS.map(({ file }) => file), ...parts])].toSorted());
  });

  it.each(COMMANDS)('$file $args writes $actions, as the system', async ({ file, args, actions, fails }) => {
    const known = (await db.query<{ id: string }>('SELECT id FROM audit_events')).map(({ id }) => id);
    const { code, stderr } = await runCommand(file, [...args], settings);
    expect([code, stderr]).toEqual(fails ? [1, `rampart: ${fails}\n`] : [0, stderr]);
    const rows = await db.query(
      `SELECT action, actor_kind, actor_id, credential_id, request_id FROM audit_events WHERE id <> ALL ($1) ORDER BY id`,
      [known],
    );
    const system = { actor_kind: 'system', actor_id: null, credential_id: null, request_id: null };
    expect(rows).toEqual(actions.map((action) => ({ action, ...system })));
  });

  it('names the rows: the people, the key, the signing keys by their kid', async () => {
    const targets = await db.query<{ action: string; target: string | null }>(
      `SELECT DISTINCT action, coalesce(target_id::text, details ->> 'kid') AS target FROM audit_events`,
    );
    const ids = async (sql: string) => (await db.query<{ id: string }>(sql)).map(({ id }) => id);
    const of = (action: string) => targets.filter((row) => row.action === action).map(({ target }) => target);
    expect(of('user.registered').toSorted()).toEqual(await ids('SELECT id FROM users ORDER BY id'));
    expect(of('key.created')).toEqual(await ids('SELECT id FROM api_keys'));
    const kids = targets.filter(({ action }) => action.startsWith('signing_key.')).map(({ target }) => target);
    expect(kids).toEqual(expect.arrayContaining(await ids('SELECT kid AS id FROM signing_keys')));
    expect(kids).toHaveLength(6);
  });

  it('holds no address, no name of a key and no password', async () => {
    const rows = (await dumpTables(db)).get('audit_events') ?? '';
    for (const text of ['@', 'boss', 'example.com', 'first key', PASSWORD, 'rmp_', 'PRIVATE']) {
      expect([text, rows.includes(text)]).toEqual([text, false]);
    }
  });
});
