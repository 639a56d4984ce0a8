import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataSourceOptions } from '../src/database/options.js';
import { testSettings } from './support/app.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { hold, waitingBackends } from './support/locks.js';
import { schemaOf } from './support/schema.js';

const SECRET_KEY = randomBytes(32).toString('base64');

let empty: TestDatabase;
beforeAll(async () => {
  empty = await createDatabase({ empty: true });
});
afterAll(() => empty.drop());

/** The data source as the API has it, with the compiled entities when they are asked for. */
function dataSourceOf({ adminUrl }: TestDatabase, entities: string[] = []): Promise<DataSource> {
  const { hostname, port, username, password, pathname } = new URL(adminUrl);
  const place = { host: hostname, port: Number(port), user: username, password, database: pathname.slice(1) };
  return new DataSource({ ...dataSourceOptions(place as never, 2), entities }).initialize();
}

describe('every migration', () => {
  it('can be taken back to nothing, and leads to the same schema again', async () => {
    const dataSource = await dataSourceOf(empty);
    const untouched = await schemaOf(empty);
    await dataSource.runMigrations({ transaction: 'each' });
    const whole = await schemaOf(empty);
    expect(whole.length).toBeGreaterThan(untouched.length + 100);
    for (let undone = 1; undone <= dataSource.migrations.length; undone += 1) {
      for (let each = 0; each < undone; each += 1) await dataSource.undoLastMigration({ transaction: 'each' });
      if (undone === dataSource.migrations.length) expect(await schemaOf(empty)).toEqual(untouched);
      else expect(await schemaOf(empty)).not.toEqual(whole);
      await dataSource.runMigrations({ transaction: 'each' });
      expect(await schemaOf(empty)).toEqual(whole);
    }
    await dataSource.destroy();
  });

  it('leaves nothing that the entities still want changed', async () => {
    const db = await createDatabase();
    const dataSource = await dataSourceOf(db, ['dist/*/*.entity.js']);
    expect(dataSource.entityMetadatas.length).toBeGreaterThan(10);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    await dataSource.destroy();
    await db.drop();
  });
});

/** `npm run migration:run` as a process of its own. */
function migrateProcess({ adminUrl }: TestDatabase) {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, ...testSettings, SECRET_KEY, DATABASE_URL: adminUrl };
  const child = spawn(process.execPath, ['dist/cli/migrate.js'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })) };
}

/** The schema of the template, which one process has migrated. */
async function migrated(): Promise<string[]> {
  const db = await createDatabase();
  const schema = await schemaOf(db);
  await db.drop();
  return schema;
}

const INSTANCES = 10;
/** So many processes that start at once on two cores take their time. */
const BUSY_MS = 60_000;

describe('instances that migrate an empty database at once', () => {
  it('all come up, and each migration ran once', async () => {
    const db = await createDatabase({ empty: true });
    const results = await Promise.all(Array.from({ length: INSTANCES }, () => migrateProcess(db).ended));
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    expect(results.filter(({ output }) => output.startsWith('applied '))).toHaveLength(1);
    expect(await schemaOf(db)).toEqual(await migrated());
    await db.drop();
  });

  it('all but the one come up that is killed in the middle of a migration', async () => {
    const db = await createDatabase({ empty: true });
    // A type of this name, not yet committed, stops whoever creates the table `records`: half of the migration is done by then.
    const release = await hold(db, 'CREATE TYPE records AS ENUM ()');
    const victim = migrateProcess(db);
    await waitingBackends(db, 1, BUSY_MS);
    const others = Array.from({ length: INSTANCES - 1 }, () => migrateProcess(db));
    await waitingBackends(db, INSTANCES, BUSY_MS);
    victim.child.kill('SIGKILL');
    await victim.ended;
    await release();
    const results = await Promise.all(others.map(({ ended }) => ended));
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    expect(results.filter(({ output }) => output.startsWith('applied '))).toHaveLength(1);
    expect(await schemaOf(db)).toEqual(await migrated());
    await db.drop();
  });
});
