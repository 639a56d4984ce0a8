import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const USAGE = 'usage: npm run migration:generate -- <what>, npm run migration:revert, npm run migration:show';
const dataSource = ['-d', join(import.meta.dirname, '../database/data-source.js')];

/** The arguments of TypeORM's own command, or null for what there is not. */
function argumentsOf([action, what, ...rest]: string[]): string[] | null {
  if (rest.length > 0) return null;
  if (action === 'generate' && what && /^[a-z][a-z0-9-]{2,60}$/.test(what)) {
    return ['migration:generate', join('migrations', what), ...dataSource];
  }
  return (action === 'revert' || action === 'show') && !what ? [`migration:${action}`, ...dataSource] : null;
}

/** Compares entities with the database and writes the difference, takes the last migration back, or lists them. */
const args = argumentsOf(process.argv.slice(2));
if (args) {
  const cli = createRequire(import.meta.url).resolve('typeorm/cli.js');
  const { status } = spawnSync(process.execPath, [cli, ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} else {
  process.stderr.write(`rampart: ${USAGE}\n`);
  process.exitCode = 1;
}
