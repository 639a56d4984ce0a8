import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { login } from './support/callers.js';
import { failedWith, runCommand } from './support/command.js';
import { aPerson } from './support/factories.js';
import { footprintOf } from './support/footprint.js';
import { hold, waitingBackends } from './support/locks.js';
import { spawnCommand } from './support/process.js';

const folder = mkdtempSync(join(tmpdir(), 'rampart-seed-'));
let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  await app.stop();
  rmSync(folder, { recursive: true });
});

const seed = (changes: NodeJS.ProcessEnv = {}) => runCommand('seed', [], { ...app.settings, ...changes });

function file(content: string): string {
  writeFileSync(join(folder, 'password'), content);
  return join(folder, 'password');
}

const rolesOf = async (person: { email: string; password: string }) =>
  (await (await login(app, person)).call('GET', '/api/v1/users/me')).body.roles;

describe('the first accounts', () => {
  it.each([
    ['the address is none', { SEED_ADMIN_EMAIL: 'nobody' }, 'that is no e-mail address'],
    [
      'the address is the one of the first user',
      { SEED_ADMIN_EMAIL: 'User@example.com' },
      'this e-mail address is taken',
    ],
    ['the password is too short', { SEED_ADMIN_PASSWORD: 'fourteen chars' }, 'a password has 15 to 128 characters'],
  ])('are refused in one line when %s, and none of them is made', async (_, changes, reason) => {
    const before = await footprintOf(app.db);
    expect(await seed(changes)).toEqual(failedWith(`SEED_ADMIN_EMAIL, SEED_ADMIN_PASSWORD: ${reason}`));
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it('are all made or none: a kill half-way leaves no account whose password nobody was shown', async () => {
    const before = await footprintOf(app.db);
    const release = await hold(app.db, 'LOCK TABLE api_keys IN EXCLUSIVE MODE');
    const { child, ended } = spawnCommand('seed', app.settings);
    await waitingBackends(app.db);
    child.kill('SIGKILL');
    await ended;
    await release();
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it('are an administrator as SEED_ADMIN_EMAIL and SEED_ADMIN_PASSWORD_FILE say, a user and a key; once', async () => {
    const admin = aPerson();
    const settings = { SEED_ADMIN_EMAIL: admin.email, SEED_ADMIN_PASSWORD_FILE: file(`${admin.password}\n`) };
    const { code, stdout, stderr } = await seed(settings);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain(admin.password);
    const made = JSON.parse(stdout);
    expect(made.admin).toEqual({ email: admin.email });
    expect(await rolesOf(admin)).toEqual(['admin']);
    expect(await rolesOf(made.user)).toEqual(['user']);
    expect((await app.call('GET', '/api/v1/data', { key: made.apiKey })).status).toBe(200);

    const before = await footprintOf(app.db);
    expect(await seed(settings)).toEqual({ code: 0, stdout: '{"seeded":false}\n', stderr: '' });
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it('have a password of their own unless one is given, which is shown, and the client of the examples', async () => {
    const other = await startApp();
    const { stdout } = await runCommand('seed', [], other.settings);
    const { admin } = JSON.parse(stdout);
    expect(admin.email).toBe('admin@example.com');
    const caller = await login(other, admin);
    expect((await caller.call('GET', '/api/v1/users')).status).toBe(200);
    const { items } = (await caller.call('GET', '/api/v1/oauth-clients')).body;
    expect(items).toMatchObject([
      {
        id: '01936000-0000-7000-8000-00000000de30',
        ownerId: null,
        name: 'Demo application',
        tokenEndpointAuthMethod: 'none',
        redirectUris: ['http://127.0.0.1:8765/callback'],
      },
    ]);
    await other.stop();
  });
});
