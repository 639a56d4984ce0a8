import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from './support/database.js';
import { freePort } from '../scripts/lib/network.mjs';
import { startInstance } from './support/process.js';
import { productionSettings, refusalOf, refusedWith } from './support/production.js';
import { storeKey } from './support/tokens.js';

let db: TestDatabase;
let good: NodeJS.ProcessEnv;

beforeAll(async () => {
  db = await createDatabase();
  good = productionSettings(db);
});
afterAll(() => db.drop());

const refused = (changes: NodeJS.ProcessEnv) => refusalOf({ ...good, ...changes });
const sentence = (text: string) => refusedWith(`rampart: cannot start: ${text}`);

/** The URL of the test database with another part. */
function urlWith(changes: Partial<Record<'password' | 'pathname' | 'port', string>>): string {
  return Object.assign(new URL(db.url), changes).href;
}

const countOf = async (of: TestDatabase, table: string) => (await of.query(`SELECT 1 FROM ${table}`)).length;

describe('a database that cannot be used in production', () => {
  it('refuses the start when nobody listens there', async () => {
    const url = urlWith({ port: String(await freePort()) });
    expect(await refused({ DATABASE_URL: url })).toEqual(
      sentence('DATABASE_URL: the database cannot be reached (ECONNREFUSED)'),
    );
  });

  it('refuses the start when it lets in and says nothing', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const refusal = await refused({ DATABASE_URL: `postgres://rampart:hush-hush@127.0.0.1:${port}/rampart` });
    for (const socket of sockets) socket.destroy();
    silent.close();
    expect(sockets).toHaveLength(1);
    expect(refusal).toEqual(sentence('DATABASE_URL: the database cannot be reached (no answer)'));
  });

  it('refuses the start when the password is another', async () => {
    expect(await refused({ DATABASE_URL: urlWith({ password: 'hush-hush' }) })).toEqual(
      sentence('DATABASE_URL: the database refuses this user or password'),
    );
  });

  it('refuses the start when there is no database of that name', async () => {
    expect(await refused({ DATABASE_URL: urlWith({ pathname: '/nowhere' }) })).toEqual(
      sentence('DATABASE_URL: there is no such database'),
    );
  });

  it('refuses the start when only the connection of migrations cannot be used', async () => {
    expect(await refused({ MIGRATION_DATABASE_URL: urlWith({ password: 'hush-hush' }) })).toEqual(
      sentence('MIGRATION_DATABASE_URL: the database refuses this user or password'),
    );
  });
});

describe('PGHOST and its like in production', () => {
  it('lead nowhere: a URL without a host means this machine', async () => {
    const { username, password, pathname, port } = new URL(db.url);
    const DATABASE_URL = `postgres://${username}:${password}@${pathname}?port=${port}`;
    const elsewhere = { PGHOST: 'db.example.com', PGHOSTADDR: '192.0.2.1', PGPORT: '1', PGSSLMODE: 'disable' };
    const instance = await startInstance({ ...good, ...elsewhere, DATABASE_URL });
    expect((await instance.call('GET', '/health/ready')).status).toBe(200);
    await instance.stop();
  });
});

describe('the schema in production', () => {
  it('refuses the start while a migration is pending that it may not run, and runs none', async () => {
    const empty = await createDatabase({ empty: true });
    expect(await refused({ DATABASE_URL: empty.url })).toEqual(
      refusedWith(
        expect.stringMatching(
          /^rampart: cannot start: the database lacks \d+ migration\(s\), the first is \w+: run "npm run migration:run", or set MIGRATION_DATABASE_URL$/,
        ),
      ),
    );
    expect(await countOf(empty, `information_schema.tables WHERE table_schema = 'public'`)).toBe(0);
    await empty.drop();
  });

  it('is brought up to date where MIGRATION_DATABASE_URL says that it may be', async () => {
    const empty = await createDatabase({ empty: true });
    const instance = await startInstance({ ...good, DATABASE_URL: empty.url, MIGRATION_DATABASE_URL: empty.url });
    expect((await instance.call('GET', '/health/ready')).status).toBe(200);
    await instance.stop();
    expect(await countOf(empty, 'migrations')).toBe(await countOf(db, 'migrations'));
    await empty.drop();
  });

  it('refuses the start with a migration that the build does not know, whether it may migrate or not', async () => {
    const newer = await createDatabase();
    await newer.query(`INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'FromTomorrow9999999999999')`);
    const unknown = sentence(
      'the database has a migration this build does not know: FromTomorrow9999999999999; deploy the newer build',
    );
    expect(await refused({ DATABASE_URL: newer.url })).toEqual(unknown);
    expect(await refused({ DATABASE_URL: newer.url, MIGRATION_DATABASE_URL: newer.url })).toEqual(unknown);
    await newer.drop();
  });
});

const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey;

describe('the signing keys in the database', () => {
  it('refuse the start with another SECRET_KEY than the one that sealed them, and stay as they are', async () => {
    await (await startInstance(good)).stop();
    const kept = await db.query('SELECT * FROM signing_keys');
    expect(kept).toHaveLength(2);
    expect(await refused({ SECRET_KEY: randomBytes(32).toString('base64') })).toEqual(
      sentence('SECRET_KEY is not the one that sealed the signing keys in this database'),
    );
    expect(await db.query('SELECT * FROM signing_keys')).toEqual(kept);
  });

  it.each([
    ['an RSA key among those of access tokens', 'ES256', rsa(2048)],
    ['a key on P-256 among those of ID tokens', 'RS256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
    ['an RSA key of 2047 bits', 'RS256', rsa(2047)],
  ] as const)('refuse the start when one of them is %s', async (_, algorithm, key) => {
    const other = await createDatabase();
    const settings = { ...good, DATABASE_URL: other.url };
    await storeKey({ db: other, settings }, 'by-hand', key, new Date(Date.now() + 600_000), algorithm);
    expect(await refused(settings)).toEqual(
      sentence(`the signing key by-hand in the database is no key for ${algorithm}: delete its row from signing_keys`),
    );
    await other.drop();
  });
});
