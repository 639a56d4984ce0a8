// @ts-check
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { Fault, report } from '../lib/faults.mjs';
import { root } from '../lib/files.mjs';
import { copyPart } from '../lib/load/copy.mjs';
import { emailOf, PEOPLE } from '../lib/load/people.mjs';
import { ProgressBar } from '../lib/progress-bar.mjs';

const USAGE =
  'usage: npm run load:seed -- --users <n> --records <n> [--seed <n>] [--until <yyyy-mm-dd>] [--add] [--in-production]';
const DAY = 86_400_000;

/** @typedef {{ users: number, records: number, seed: number, until: number, add: boolean, inProduction: boolean }} Wanted */

/**
 * @param {string[]} args
 * @returns {Wanted}
 */
function read(args) {
  try {
    const text = /** @type {const} */ ({ type: 'string' });
    const flag = /** @type {const} */ ({ type: 'boolean' });
    const options = { users: text, records: text, seed: text, until: text, add: flag, 'in-production': flag };
    const { values } = parseArgs({ args, options });
    return {
      users: whole('--users', values.users, 1, 100_000_000),
      records: whole('--records', values.records, 0, 1_000_000_000),
      seed: whole('--seed', values.seed ?? '1', 0, 999_999_999),
      until: day(values.until),
      add: values.add ?? false,
      inProduction: values['in-production'] ?? false,
    };
  } catch (error) {
    throw error instanceof Fault ? error : new Fault(USAGE);
  }
}

/**
 * @param {string} option
 * @param {string | undefined} text
 * @param {number} min
 * @param {number} max
 */
function whole(option, text, min, max) {
  if (text === undefined) throw new Fault(USAGE);
  const number = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new Fault(`${option} must be a whole number from ${min} to ${max}`);
}

/** @param {string | undefined} text the newest day; today unless given */
function day(text) {
  const today = Date.now() - (Date.now() % DAY);
  if (text === undefined) return today;
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  if (at >= Date.parse('2010-01-01') && at <= today) return at;
  throw new Fault('--until must be a day such as 2026-01-31 that is not to come');
}

/** @param {string} path */
const built = (path) => import(pathToFileURL(join(root, 'dist', path)).href);

/**
 * The owner's connection, which may analyze its tables, with the schema that this build wants; and a hash as the API makes it.
 * @param {boolean} inProduction
 */
async function prepare(inProduction) {
  const [{ readEnv }, { databaseConfig }, { authConfig }, { migrate }, { checkConnection }] = await Promise.all([
    built('config/env.js'),
    built('config/database.config.js'),
    built('config/auth.config.js'),
    built('database/migrate.js'),
    built('database/connection-check.js'),
  ]);
  const env = await readEnv();
  if (env.NODE_ENV === 'production' && !inProduction) {
    throw new Fault('this fills the database with people that do not exist: in production only with --in-production');
  }
  const { connection, migration } = databaseConfig.from(env)();
  const owner = migration ?? connection;
  await checkConnection(migration ? 'MIGRATION_DATABASE_URL' : 'DATABASE_URL', owner);
  if (migration) await migrate(migration);
  const [{ PasswordHasher }, { deriveKey }] = await Promise.all([
    built('auth/password-hasher.js'),
    built('security/sealing.js'),
  ]);
  const config = authConfig.from(env)();
  return {
    owner,
    hash: (/** @type {string} */ password) => new PasswordHasher(config).hash(password),
    derive: (/** @type {string} */ purpose) => deriveKey(config.secretKey, purpose).toString('base64url'),
  };
}

/**
 * @param {pg.Client} client
 * @param {boolean} add
 */
async function requireRoom(client, add) {
  const { rows } = await client.query(`SELECT to_regclass('users') AS found`);
  if (!rows[0].found) throw new Fault('the database has no tables yet: run "npm run migration:run"');
  const { rowCount } = await client.query('SELECT 1 FROM users LIMIT 1');
  if (rowCount !== 0 && !add) throw new Fault('the database has users already: --add adds to them');
}

/**
 * @param {Wanted} wanted
 * @param {AbortSignal} stop
 */
async function load(wanted, stop) {
  const { owner, ...secrets } = await prepare(wanted.inProduction);
  const client = new pg.Client({ ...owner, application_name: 'rampart-load' });
  client.on('error', () => undefined);
  await client.connect();
  // Ending the connection ends what it does: the part that was under way is rolled back.
  stop.addEventListener('abort', () => void client.end().catch(() => undefined));
  try {
    await requireRoom(client, wanted.add);
    await fill(client, wanted, secrets, stop);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * @param {pg.Client} client
 * @param {Wanted} wanted
 * @param {{ hash: (password: string) => Promise<string>, derive: (purpose: string) => string }} secrets
 * @param {AbortSignal} stop
 */
async function fill(client, { users, records, seed, until }, { hash, derive }, stop) {
  const same = createHash('sha256').update(JSON.stringify([users, records, seed, until]));
  const tag = `load-${same.digest('hex').slice(0, 8)}`;
  // Of SECRET_KEY, not of the seed, which everybody may know: the same again when a load goes on, and nobody else's.
  const password = derive(`${tag} password`).slice(0, 20);
  const plan = { tag, users, records, until, hash: await hash(password), secret: derive(`${tag} tokens and keys`) };
  /** @type {Map<string, number>} */
  const made = new Map();
  const bar = new ProgressBar('users and records', users + records);
  const parts = Math.ceil(users / PEOPLE);
  let skipped = 0;
  try {
    for (let part = 0; part < parts; part++) {
      const added = await copyPart(client, plan, part, (table, count) => {
        made.set(table, (made.get(table) ?? 0) + count);
        if (table === 'users' || table === 'records') bar.add(count);
      });
      if (added) continue;
      skipped += 1;
      bar.skip(Math.min(PEOPLE, users - part * PEOPLE) + Math.round(records / parts));
    }
  } catch (error) {
    if (!stop.aborted) throw error;
    const last = new Date(until).toISOString().slice(0, 10);
    const again = `npm run load:seed -- --users ${users} --records ${records} --seed ${seed} --until ${last} --add`;
    throw new Fault(`stopped; what is there is whole. To go on: ${again}`, { exitCode: 130 });
  } finally {
    bar.end();
  }
  await client.query('ANALYZE');
  show({ made, tag, users, password, skipped, parts });
}

/** @param {{ made: Map<string, number>, tag: string, users: number, password: string, skipped: number, parts: number }} result */
function show({ made, tag, users, password, skipped, parts }) {
  const lines = [...made].map(([table, count]) => `  ${table.padEnd(16)}${count.toLocaleString('en-US').padStart(14)}`);
  if (skipped > 0) lines.push(`  ${skipped} of ${parts} parts were there before`);
  lines.push('', `  user            ${emailOf(tag, 0)}`);
  if (users > 1) lines.push(`  administrator   ${emailOf(tag, 1)}`);
  lines.push(`  password        ${password}  (the same for all of them)`, '');
  process.stdout.write(lines.join('\n'));
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
await Promise.resolve()
  .then(() => load(read(process.argv.slice(2)), stop.signal))
  .catch((error) => (process.exitCode = explain(error)));

/** @param {unknown} error */
function explain(error) {
  if (error instanceof Fault) return report(new Fault(`rampart: ${error.message}`, { exitCode: error.exitCode }));
  const { code = '', message = '' } = /** @type {{ code?: string, message?: string }} */ (error ?? {});
  const reason = code === '53100' ? 'the disk of the database is full' : (message.split('\n', 1)[0] ?? code);
  return report(new Fault(`rampart: ${reason}`));
}
