import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for everything that one local run remembers. */
export function makeState(): string {
  const state = mkdtempSync(join(tmpdir(), 'rampart-start-'));
  // As root the database runs as another user, who has to reach its folder.
  chmodSync(state, 0o711);
  return state;
}

/** Removes it, and the database where that is elsewhere. */
export function removeState(state: string): void {
  const place = join(state, 'postgres-place.json');
  if (existsSync(place)) rmSync(JSON.parse(readFileSync(place, 'utf8')).base, { recursive: true });
  rmSync(state, { recursive: true });
}

/** A running `npm start`. */
export interface Started {
  readonly pid: number;
  readonly output: () => string;
  /** The text with everything before it; fails when the process ends first. */
  readonly until: (text: string) => Promise<string>;
  readonly exit: Promise<number | null>;
  readonly signal: (name: NodeJS.Signals) => void;
}

/** `npm start` without npm. Settings of the shell and of an `.env` file must not reach it: empty counts as not set. */
export function startScript(state: string, settings: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [join('scripts', 'start.mjs')], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'development',
      RAMPART_STATE_DIR: state,
      DATABASE_URL: '',
      MIGRATION_DATABASE_URL: '',
      SECRET_KEY: '',
      HOST: '127.0.0.1',
      PORT: '0',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return {
    pid: child.pid ?? 0,
    output: () => output,
    until: (text) =>
      new Promise((done, fail) => {
        const look = () => output.includes(text) && done(output);
        child.stdout.on('data', look);
        exit.then(() => fail(new Error(`ended without "${text}":\n${output}`)), fail);
        look();
      }),
    exit,
    signal: (name) => child.kill(name),
  };
}

/** What a start that cannot work says: its exit code, and its lines without those about progress. */
export async function refusedStart(state: string, settings: NodeJS.ProcessEnv) {
  const started = startScript(state, settings);
  const code = await started.exit;
  const lines = started.output().trimEnd().split('\n');
  return { code, lines: lines.filter((line) => !/^✔ | …$/.test(line)) };
}
