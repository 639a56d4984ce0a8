import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Reached } from './app.js';
import type { Cluster } from './cluster.js';
import { type Instance, startInstance } from './process.js';
import { testSettings } from './settings.js';

/** The built application in a process of its own, on a database of a cluster to which things will happen. */
export interface OnCluster extends Reached {
  readonly instance: Instance;
  readonly settings: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

let databases = 0;

/** Starts the built application on a new database of the cluster. */
export async function startOnCluster(cluster: Cluster, settings: NodeJS.ProcessEnv = {}): Promise<OnCluster> {
  const url = await cluster.database(`rampart_${(databases += 1)}`);
  const SECRET_KEY = randomBytes(32).toString('base64');
  const all = { ...testSettings, LOG_LEVEL: 'fatal', DATABASE_URL: url, SECRET_KEY, ...settings };
  const instance = await startInstance(all);
  const db = onCluster(url);
  return {
    instance,
    settings: all,
    call: instance.call,
    db,
    async stop() {
      await instance.stop('SIGKILL');
      await db.drop();
    },
  };
}

/** A way to ask a database of a cluster, whose connections may end at any moment with it. */
export function onCluster(url: string): Reached['db'] {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  return {
    url,
    adminUrl: url,
    query: async <T extends object>(sql: string, values: unknown[] = []) => (await pool.query<T>(sql, values)).rows,
    drop: () => pool.end(),
  };
}
