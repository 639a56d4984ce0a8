import { execFile } from 'node:child_process';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `dist/cli/<name>.js` with these settings and nothing else of the environment. */
export function runCommand(name: string, args: string[], settings: NodeJS.ProcessEnv): Promise<CommandResult> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    const options = { env: { PATH, HOME, ...settings } };
    execFile(process.execPath, [`dist/cli/${name}.js`, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
  });
}
