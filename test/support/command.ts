import { execFile } from 'node:child_process';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `dist/cli/<name>.js` with these settings and nothing else of the environment. */
export const runCommand = (name: string, args: string[], settings: NodeJS.ProcessEnv): Promise<CommandResult> =>
  run([`dist/cli/${name}.js`, ...args], settings);

/** The same as an operator does it, `npm run`, without npm. */
export const runScript = (name: string, args: string[], settings: NodeJS.ProcessEnv): Promise<CommandResult> =>
  run(['scripts/command.mjs', name, ...args], settings);

/** How a command that cannot be done ends: one line and no more. */
export const failedWith = (line: string): CommandResult => ({ code: 1, stdout: '', stderr: `rampart: ${line}\n` });

function run(args: string[], settings: NodeJS.ProcessEnv): Promise<CommandResult> {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  return new Promise((resolve) => {
    const options = { env: { PATH, HOME, NODE_COMPILE_CACHE, ...settings } };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
  });
}
