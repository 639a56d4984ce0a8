// @ts-check
// `npm test`: lint, types and every test from a fresh clone, on a PostgreSQL of their own.
import { launch } from './lib/launch.mjs';

const HELP = `npm test [-- [--only lint|types|tests] [arguments for vitest]]

Installs and builds what is missing, then lints, checks types and runs every test. The tests get a throw-away
PostgreSQL, or with DATABASE_URL the server it names: its role must be allowed to create databases.

  npm test -- --only tests test/data.e2e-spec.ts
`;

await launch(async (stop) => {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  const { check } = await import('./lib/check.mjs');
  return stop.orExitCode(check(args, stop));
});
