import { join } from 'node:path';
import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import type { Connection, databaseConfig } from '../config/database.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { BoundedPool } from './bounded-pool.js';
import { exactJson } from './json-type.js';

/** Both from `src/` and from `dist/`: migrations are always the compiled ones. */
const MIGRATIONS = join(import.meta.dirname, '../../dist/migrations/*.js');
const CONNECT_TIMEOUT_MS = 2000;

/** TypeORM's options for a connection. The schema changes through reviewed migrations alone. */
export function dataSourceOptions(connection: Connection, poolSize: number) {
  const { user, ...rest } = connection;
  return {
    type: 'postgres',
    ...rest,
    username: user,
    poolSize,
    synchronize: false,
    migrationsRun: false,
    migrations: [MIGRATIONS],
    migrationsTableName: 'migrations',
    logging: false,
    applicationName: 'rampart',
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    extra: { connectionTimeoutMillis: CONNECT_TIMEOUT_MS, types: exactJson },
  } as const satisfies DataSourceOptions;
}

/** The same for requests, whose waiting has an end; a migration may take as long as it needs. */
export function servingOptions({ connection, poolSize, limits }: ConfigOf<typeof databaseConfig>) {
  const options = dataSourceOptions(connection, poolSize);
  return { ...options, driver: { ...pg, Pool: BoundedPool }, extra: { ...options.extra, limits } };
}
