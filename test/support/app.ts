import { randomBytes } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.setup.js';
import { readEnv } from '../../src/config/env.js';
import { createDatabase, type TestDatabase } from './database.js';
import { type Call, callerOf } from './http.js';
import { testSettings } from './settings.js';

export { testSettings };

export interface TestApp {
  readonly url: string;
  readonly call: Call;
  readonly db: TestDatabase;
  readonly nest: NestFastifyApplication;
  /** The environment it runs with, to start a second process on the same database. */
  readonly settings: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** What a caller needs of an application, in whatever process it runs. */
export type Reached = Pick<TestApp, 'call' | 'db'>;

/** The whole application on a database of its own, listening on a free port. */
export async function startApp(settings: NodeJS.ProcessEnv = {}): Promise<TestApp> {
  const db = await createDatabase();
  const all = { ...testSettings, DATABASE_URL: db.url, SECRET_KEY: randomBytes(32).toString('base64'), ...settings };
  const nest = await createApp(await readEnv(all));
  await nest.listen({ port: Number(all.PORT), host: '127.0.0.1' });
  const url = (await nest.getUrl()).replace('[::1]', '127.0.0.1');
  return {
    url,
    call: callerOf(url),
    db,
    nest,
    settings: all,
    async stop() {
      await nest.close();
      await db.drop();
    },
  };
}
