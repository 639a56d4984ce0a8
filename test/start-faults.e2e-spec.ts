import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from './support/database.js';
import { freePort } from '../scripts/lib/network.mjs';
import { makeState, refusedStart, removeState, startScript } from './support/start.js';
import { until } from '../scripts/lib/until.mjs';

const START_MS = 60_000;

const state = makeState();
let db: TestDatabase;

beforeAll(async () => {
  db = await createDatabase();
});
afterAll(async () => {
  await db.drop();
  removeState(state);
});

const refusal = (settings: NodeJS.ProcessEnv) => refusedStart(state, settings);
const refusedWith = (line: unknown) => ({ code: 1, lines: [line] });

/** The URL of the test database with another part. */
const urlWith = (changes: Partial<Record<'password' | 'pathname', string>>) =>
  Object.assign(new URL(db.url), changes).href;

describe('npm start says in one line what to do', () => {
  it('when the database refuses the password', async () => {
    expect(await refusal({ DATABASE_URL: urlWith({ password: 'hush-hush' }) })).toEqual(
      refusedWith('rampart: cannot start: DATABASE_URL: the database refuses this user or password'),
    );
  });

  it('when there is no such database', async () => {
    expect(await refusal({ DATABASE_URL: urlWith({ pathname: '/nowhere' }) })).toEqual(
      refusedWith('rampart: cannot start: DATABASE_URL: there is no such database'),
    );
  });

  it('when DATABASE_URL is none', async () => {
    expect(await refusal({ DATABASE_URL: 'hush-hush' })).toEqual(
      refusedWith(
        'rampart: cannot start: DATABASE_URL must be a URL such as postgres://user:password@host:5432/database?sslmode=verify-full',
      ),
    );
  });

  it('when a newer build has migrated the database', async () => {
    const newer = await createDatabase();
    await newer.query(`INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'FromTomorrow9999999999999')`);
    expect(await refusal({ DATABASE_URL: newer.url })).toEqual(
      refusedWith(
        'rampart: cannot start: the database has a migration this build does not know: FromTomorrow9999999999999; deploy the newer build',
      ),
    );
    await newer.drop();
  });

  it('when SECRET_KEY is too short', async () => {
    expect(await refusal({ DATABASE_URL: db.url, SECRET_KEY: 'hush-hush' })).toEqual(
      refusedWith('rampart: cannot start: SECRET_KEY must have at least 32 bytes'),
    );
  });

  it('when HOST is not an address of this machine', async () => {
    expect(await refusal({ HOST: '192.0.2.1', PORT: String(await freePort()) })).toEqual(
      refusedWith('HOST=192.0.2.1 is not an address of this machine (EADDRNOTAVAIL).'),
    );
  });

  it('when a stranger has the port, who goes on undisturbed', async () => {
    const visitors: Socket[] = [];
    const stranger = createServer((socket) => visitors.push(socket)).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    expect(await refusal({ PORT: String(port), DATABASE_URL: db.url })).toEqual(
      refusedWith(expect.stringMatching(`^Port ${port} on 127.0.0.1 is taken: end what listens there, or choose`)),
    );
    expect(stranger.listening).toBe(true);
    for (const socket of visitors) socket.destroy();
    stranger.close();
  });

  it('when its folder cannot be made', async () => {
    const file = join(state, 'file');
    writeFileSync(file, '');
    const inside = join(file, 'state');
    expect(await refusedStart(inside, {})).toEqual(
      refusedWith(
        `${inside} cannot be written (ENOTDIR), perhaps another user made it: start as that user, or move it away.`,
      ),
    );
  });

  it('when its folder is read-only', async () => {
    const sealed = join(state, 'sealed');
    mkdirSync(sealed, { mode: 0o500 });
    // Root may write to every folder but those that the kernel makes up.
    const folder = process.getuid?.() === 0 ? '/sys/rampart' : sealed;
    const { code, lines } = await refusedStart(folder, {});
    expect([code, lines.length]).toEqual([1, 1]);
    expect(lines[0]).toMatch(
      /^\S+ cannot be written \(E[A-Z]+\), perhaps another user made it: start as that user, or /,
    );
  });
});

describe('SIGTERM while npm start is under way', () => {
  const record = join(state, 'run.json');
  const recorded = (): { pid?: number; postgres?: object } =>
    existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : {};
  const commandLines = () => execFileSync('ps', ['-ww', '-eo', 'args='], { encoding: 'utf8', maxBuffer: 2 ** 24 });
  const homes = () => {
    const place = join(state, 'postgres-place.json');
    return [state, ...(existsSync(place) ? [JSON.parse(readFileSync(place, 'utf8')).base as string] : [])];
  };

  it.each([
    ['before the database runs', () => 'pid' in recorded()],
    ['when the database runs', () => Boolean(recorded().postgres)],
  ])(
    'ends it %s with 0, without a word of an error, and leaves no process',
    async (_, reached) => {
      const started = startScript(state);
      await until(async () => reached(), START_MS);
      started.signal('SIGTERM');
      expect(await started.exit).toBe(0);
      expect(started.output()).not.toMatch(/error|^ +at /im);
      expect(existsSync(record)).toBe(false);
      const running = commandLines();
      expect(homes().filter((home) => running.includes(home))).toEqual([]);
    },
    START_MS,
  );

  it(
    'costs nothing: the next start shows the first accounts',
    async () => {
      const started = startScript(state);
      const screen = await started.until('Ctrl-C stops everything');
      expect(screen).toMatch(/^ +Administrator +admin@example.com +\S+$/m);
      started.signal('SIGTERM');
      expect(await started.exit).toBe(0);
    },
    START_MS,
  );
});
