import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeState, refusedStart, removeState, startScript, type Started } from './support/start.js';

const FIRST_START_MS = 60_000;

/** A state folder of its own: neither the developer's database nor another run of these tests is touched. */
const state = makeState();
const data = join(state, 'postgres', 'data');

const start = (settings: NodeJS.ProcessEnv = {}) => startScript(state, settings);
const refusal = (settings: NodeJS.ProcessEnv) => refusedStart(state, settings);

/** Everything the running start has recorded about itself. */
function recordedPids(): number[] {
  const { pid, api, postgres } = JSON.parse(readFileSync(join(state, 'run.json'), 'utf8'));
  return [pid, api.pid, postgres.pid];
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const urlOn = (screen: string): string => /http:\/\/localhost:\d+/.exec(screen)?.[0] ?? '';

const login = (screen: string, email: string | undefined, password: string | undefined) =>
  fetch(`${urlOn(screen)}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });

describe('npm start', () => {
  let first: Started;
  let screen = '';

  beforeAll(async () => {
    first = start();
    screen = await first.until('Ctrl-C stops everything');
  }, FIRST_START_MS);

  afterAll(async () => {
    first.signal('SIGTERM');
    await first.exit;
    removeState(state);
  });

  it('shows once where the API is and credentials that work', async () => {
    const [, email, password] = /User +(\S+) +(\S+)/.exec(screen) ?? [];
    const [key = ''] = /rmp_test_\w+/.exec(screen) ?? [];
    expect((await login(screen, email, password)).status).toBe(200);
    expect((await fetch(`${urlOn(screen)}/api/v1/data`, { headers: { 'x-api-key': key } })).status).toBe(200);
    expect((await fetch(`${urlOn(screen)}/health/ready`)).status).toBe(200);
  });

  it('shows where the demo application begins, at every start', async () => {
    const begins = () => /http:\/\/localhost:\d+\/oauth\/authorize\?\S+/.exec(screen.replaceAll('\n', ''))?.[0] ?? '';
    const { status, headers } = await fetch(begins(), { redirect: 'manual', headers: { accept: 'text/html' } });
    expect([status, headers.get('location')]).toEqual([303, expect.stringContaining('/login/')]);
  });

  it('is refused in one line while another runs, which goes on', async () => {
    const { code, lines } = await refusal({});
    expect(code).toBe(1);
    expect(lines).toEqual([`Rampart is already running at ${urlOn(screen)}, pid ${first.pid}.`]);
    expect((await fetch(`${urlOn(screen)}/health/ready`)).status).toBe(200);
  });

  it(
    'takes over after a kill and has kept the data, and leaves no process when it is stopped',
    async () => {
      const [, email, password] = /User +(\S+) +(\S+)/.exec(screen) ?? [];
      const killed = recordedPids();
      for (const pid of killed) process.kill(pid, 'SIGKILL');
      await first.exit;
      first = start();
      const second = await first.until('Ctrl-C stops everything');
      expect(second).not.toMatch(/rmp_test_|Shown only now/);
      expect(second).toContain('/oauth/authorize?');
      expect((await login(second, email, password)).status).toBe(200);

      const running = recordedPids();
      first.signal('SIGTERM');
      expect(await first.exit).toBe(0);
      expect([...killed, ...running].filter(exists)).toEqual([]);
    },
    FIRST_START_MS,
  );

  it('says in one line that the port is taken', async () => {
    const server: Server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, lines } = await refusal({ PORT: String(port) });
    server.close();
    expect(code).toBe(1);
    expect(lines).toEqual([
      expect.stringMatching(`^Port ${port} on 127.0.0.1 is taken: .*PORT=${port + 1} npm start$`),
    ]);
  });

  it('says in one line that PORT is no port', async () => {
    expect(await refusal({ PORT: 'http' })).toEqual({
      code: 1,
      lines: ['PORT must be a number from 1 to 65535, not "http".'],
    });
  });

  it('says in one line, without the password, that the database does not answer', async () => {
    const server: Server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const { code, lines } = await refusal({ DATABASE_URL: `postgres://rampart:hush@127.0.0.1:${port}/rampart` });
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringMatching(`does not answer at 127.0.0.1:${port} \\(ECONNREFUSED\\)`)]);
    expect(lines.join()).not.toContain('hush');
  });

  it('says in one line which folder to move away when the database folder is broken, and removes nothing', async () => {
    const home = existsSync(data)
      ? data
      : join(JSON.parse(readFileSync(join(state, 'postgres-place.json'), 'utf8')).base, 'postgres', 'data');
    rmSync(join(home, 'PG_VERSION'));
    const { code, lines } = await refusal({});
    expect(code).toBe(1);
    expect(lines).toEqual([
      `The database folder ${home} is broken (PG_VERSION is missing). Nothing was changed. To start with an empty one, move it away: mv '${home}' '${home}.broken'`,
    ]);
    expect(existsSync(join(home, 'global', 'pg_control'))).toBe(true);
  });
});
