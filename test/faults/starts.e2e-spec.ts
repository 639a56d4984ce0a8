import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { aPerson } from '../support/factories.js';
import { hold, waitingBackends } from '../support/locks.js';
import { type Instance, spawnInstance } from '../support/process.js';
import { testSettings } from '../support/settings.js';

const INSTANCES = 10;
/** So many processes that start at once on two cores take their time. */
const BUSY_MS = 240_000;

let db: TestDatabase;

beforeAll(async () => {
  db = await createDatabase({ empty: true });
});
afterAll(() => db.drop());

describe('ten instances that start on an empty database, of which one is killed in the middle of a migration', () => {
  it(
    'all come up but that one, on one schema and one signing key of each algorithm, and serve',
    async () => {
      const SECRET_KEY = randomBytes(32).toString('base64');
      const settings = { ...testSettings, SECRET_KEY, DATABASE_URL: db.url, MIGRATION_DATABASE_URL: db.url };
      // A type of this name, not yet committed, stops whoever creates the table `records`.
      const release = await hold(db, 'CREATE TYPE records AS ENUM ()');
      const victim = spawnInstance(settings);
      await waitingBackends(db, 1, BUSY_MS);
      const others = Array.from({ length: INSTANCES - 1 }, () => spawnInstance(settings));
      await waitingBackends(db, INSTANCES, BUSY_MS);
      const ended = once(victim.child, 'exit');
      victim.listening.catch(() => undefined);
      victim.child.kill('SIGKILL');
      await ended;
      await release();
      const instances = await Promise.all(others.map(({ listening }) => listening));
      const served = await Promise.all(instances.map(serves));
      expect(served).toEqual(instances.map(() => [200, 202, 200]));
      const keys = await db.query('SELECT algorithm FROM signing_keys ORDER BY algorithm');
      expect(keys).toEqual([{ algorithm: 'ES256' }, { algorithm: 'RS256' }]);
      await Promise.all(instances.map((each) => each.stop('SIGKILL')));
    },
    BUSY_MS,
  );
});

/** Whether it is ready, takes a person in, and lets them in. */
async function serves({ call }: Instance): Promise<number[]> {
  const person = aPerson();
  const ready = await call('GET', '/health/ready');
  const registered = await call('POST', '/api/v1/auth/register', { json: person });
  const loggedIn = await call('POST', '/api/v1/auth/login', { json: person });
  return [ready.status, registered.status, loggedIn.status];
}
