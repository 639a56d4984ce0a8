import { readEnv } from '../config/env.js';
import { databaseConfig } from '../config/database.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { checkConnection } from '../database/connection-check.js';
import { migrate } from '../database/migrate.js';
import { startFailure } from '../start-failure.js';

/** Runs what is pending with the owner's connection if there is one: `MIGRATION_DATABASE_URL`, else `DATABASE_URL`. */
try {
  const { connection, migration } = (databaseConfig.from(await readEnv()) as () => ConfigOf<typeof databaseConfig>)();
  const owner = migration ?? connection;
  await checkConnection(migration ? 'MIGRATION_DATABASE_URL' : 'DATABASE_URL', owner);
  const done = await migrate(owner);
  process.stdout.write(done.length > 0 ? `applied ${done.join(', ')}\n` : 'nothing to apply\n');
} catch (error) {
  process.stderr.write(`rampart: ${startFailure(error)}\n`);
  process.exitCode = 1;
}
