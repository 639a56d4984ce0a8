// @ts-check
// `npm run admin:create` and its like: a command of dist/cli on the database that `npm start` uses.
import { launch } from './lib/launch.mjs';

await launch(async (stop) => {
  const { runCommand } = await import('./lib/run-command.mjs');
  return stop.orExitCode(runCommand(process.argv.slice(2), stop));
});
