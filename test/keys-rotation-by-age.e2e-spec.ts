import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../src/app.module.js';
import { readEnv } from '../src/config/env.js';
import { signingAlgorithms } from '../src/config/signing-key.js';
import { Housekeeping } from '../src/database/housekeeping.js';
import { SigningKeyChanges } from '../src/auth/signing-key-changes.service.js';
import { testSettings } from './support/app.js';
import { login } from './support/callers.js';
import { createDatabase, type TestDatabase } from './support/database.js';
import { aPerson } from './support/factories.js';
import { kidOf, publishedKids } from './support/keys.js';
import { type Instance, startInstance } from './support/process.js';
import { until } from '../scripts/lib/until.mjs';

const INSTANCES = 10;
const FOLLOW_MS = 10_000;

/** Ten instances that are never asked anything, and one in a process of its own that is. */
let db: TestDatabase;
let many: INestApplicationContext[];
let instance: Instance;
let person: ReturnType<typeof aPerson>;

beforeAll(async () => {
  db = await createDatabase();
  const settings = {
    ...testSettings,
    DATABASE_URL: db.url,
    SECRET_KEY: randomBytes(32).toString('base64'),
    SIGNING_KEY_MAX_AGE_DAYS: '1',
    DATABASE_POOL_SIZE: '2',
  };
  const module = AppModule.with(await readEnv(settings));
  const options = { logger: false, abortOnError: false } as const;
  many = await Promise.all(
    Array.from({ length: INSTANCES }, () => NestFactory.createApplicationContext(module, options)),
  );
  instance = await startInstance(settings);
  person = aPerson();
  await instance.call('POST', '/api/v1/auth/register', { json: person });
});
afterAll(async () => {
  await instance.stop();
  await Promise.all(many.map((each) => each.close()));
  await db.drop();
});

/** Makes what signs now as old as this, as time would. */
const age = (algorithm: string, hours: number) =>
  db.query(
    `UPDATE signing_keys SET active_from = now() - make_interval(hours => $2)
     WHERE retired_at IS NULL AND algorithm = $1`,
    [algorithm, hours],
  );

/** What every instance does each minute, in all of them at once; and without the lock that lets one of them work. */
async function everyMinute(): Promise<void> {
  await Promise.all(many.map((each) => each.get(Housekeeping).run()));
  await Promise.all(many.map((each) => each.get(SigningKeyChanges).rotateWhenOld()));
}

const signingKid = async () => kidOf((await login(instance, person)).token);

describe('ten instances that start at once on an empty database', () => {
  it.each(signingAlgorithms)('make one signing key for %s', async (algorithm) => {
    expect(await publishedKids(instance.call, algorithm)).toHaveLength(1);
  });
});

describe('SIGNING_KEY_MAX_AGE_DAYS', () => {
  it('leaves a younger key alone', async () => {
    for (const algorithm of signingAlgorithms) await age(algorithm, 23);
    const before = await db.query('SELECT * FROM signing_keys');
    await everyMinute();
    expect(await db.query('SELECT * FROM signing_keys')).toEqual(before);
  });

  it('replaces an older one by one new key, however many instances see that it is old', async () => {
    const [old = ''] = await publishedKids(instance.call);
    const { token } = await login(instance, person);
    await age('ES256', 25);
    await everyMinute();
    await until(async () => (await publishedKids(instance.call)).length > 1, FOLLOW_MS);
    const [, fresh = '', ...more] = await publishedKids(instance.call);
    expect(more).toEqual([]);

    // For as long as a verifier may keep the old JWKS the old key signs: nobody meets a key that they cannot know.
    expect(await signingKid()).toBe(old);
    const [row] = await db.query<{ ahead: boolean }>(
      `SELECT active_from > now() + interval '5 minutes' AS ahead FROM signing_keys WHERE kid = $1`,
      [fresh],
    );
    expect(row?.ahead).toBe(true);

    await db.query('UPDATE signing_keys SET active_from = now() WHERE kid = $1', [fresh]);
    await until(async () => (await signingKid()) === fresh, FOLLOW_MS);
    expect((await instance.call('GET', '/api/v1/users/me', { token })).status).toBe(200);
    await everyMinute();
    expect(await publishedKids(instance.call)).toEqual([old, fresh]);
  });

  it('replaces the keys of each algorithm by their own age', async () => {
    const kids = () => publishedKids(instance.call);
    const [before, [old]] = [await kids(), await publishedKids(instance.call, 'RS256')];
    await age('RS256', 25);
    await everyMinute();
    await until(async () => (await publishedKids(instance.call, 'RS256')).length > 1, FOLLOW_MS);
    expect(await publishedKids(instance.call, 'RS256')).toEqual([old, expect.any(String)]);
    expect(await kids()).toEqual(before);
  });
});
