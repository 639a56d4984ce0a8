import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Call, callerOf } from './http.js';
import { freePort } from '../../scripts/lib/network.mjs';
import { portsOpenedDuring } from './ports.js';

/** A start that cannot work says so within five seconds on a machine of its own; here many tests share one. */
const REFUSAL_MS = 20_000;

/** A second instance: its own process, because Passport keeps its strategies in one object a process. */
export interface Instance {
  readonly url: string;
  readonly call: Call;
  readonly child: ChildProcess;
  /** Everything it has written so far. */
  readonly output: () => string;
  /** Sends the signal and waits for the end; returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the built application with these settings. */
export const startInstance = (settings: NodeJS.ProcessEnv): Promise<Instance> => spawnInstance(settings).listening;

/** The same where its start is not all that matters: its process, and what it becomes. */
export function spawnInstance(settings: NodeJS.ProcessEnv): { child: ChildProcess; listening: Promise<Instance> } {
  const { child, output } = spawnMain(settings);
  const listening = new Promise<string>((resolve, reject) => {
    child.on('message', (message: { type?: string; url?: string }) => {
      if (message.type === 'listening') resolve(message.url ?? '');
    });
    child.on('exit', (code) => reject(new Error(`the instance ended with ${code}: ${output()}`)));
  });
  return {
    child,
    listening: listening.then((url) => ({ url, call: callerOf(url), child, output, stop: stopOf(child) })),
  };
}

const stopOf =
  (child: ChildProcess): Instance['stop'] =>
  async (signal = 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    return child.exitCode;
  };

/** How a start that was refused ended. */
export interface Refusal {
  /** Null when it had not ended in time and was killed. */
  readonly code: number | null;
  /** Both streams. */
  readonly output: string;
  /** The ports, of its two, that let anybody in at any moment. */
  readonly opened: readonly number[];
}

/** Starts the application on two free ports where it should refuse to, within what an operator waits for. */
export async function startRefused(settings: NodeJS.ProcessEnv): Promise<Refusal> {
  const ports = [await freePort(), await freePort()];
  const [PORT, MANAGEMENT_PORT] = ports.map(String);
  const { child, output } = spawnMain({ ...settings, PORT, MANAGEMENT_PORT });
  const timer = setTimeout(() => child.kill('SIGKILL'), REFUSAL_MS);
  const opened = await portsOpenedDuring(once(child, 'close'), ports);
  clearTimeout(timer);
  return { code: child.exitCode, output: output(), opened };
}

/** Starts `dist/cli/<name>.js` where its end alone is not what matters. */
export function spawnCommand(name: string, settings: NodeJS.ProcessEnv) {
  const { child } = spawnNode([`dist/cli/${name}.js`], settings);
  return { child, ended: once(child, 'close') };
}

const spawnMain = (settings: NodeJS.ProcessEnv) => spawnNode(['dist/main.js'], settings);

function spawnNode(args: string[], settings: NodeJS.ProcessEnv): { child: ChildProcess; output: () => string } {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, args, {
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let text = '';
  const collect = (chunk: Buffer) => (text += chunk.toString());
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  return { child, output: () => text };
}
