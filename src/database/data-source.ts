import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { databaseConfig } from '../config/database.config.js';
import { readEnv } from '../config/env.js';
import type { ConfigOf } from '../config/namespace.js';
import { dataSourceOptions } from './options.js';

const { connection, migration } = (databaseConfig.from(await readEnv()) as () => ConfigOf<typeof databaseConfig>)();

/** The data source of the migration commands: the owner's connection when there is one. */
export default new DataSource({
  ...dataSourceOptions(migration ?? connection, 2),
  entities: [join(import.meta.dirname, '../*/*.entity.js')],
});
