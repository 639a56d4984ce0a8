import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AttemptsService } from '../src/attempts/attempts.service.js';
import { Problem } from '../src/errors/problem.js';
import { startApp, type TestApp } from './support/app.js';
import { aPerson } from './support/factories.js';
import { startInstance } from './support/process.js';

const MOST = 10;

let app: TestApp;
let attempts: AttemptsService;
beforeAll(async () => {
  app = await startApp();
  attempts = app.nest.get(AttemptsService);
});
afterAll(() => app.stop());

let names = 0;
const aName = () => `test:${(names += 1)}`;
const wrong = () => Promise.resolve(false);
const right = () => Promise.resolve(true);
/** How many may still be wrong at once: none of them is done before one is refused, or all that may be are under way. */
async function left(name: string, most: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let count = 0;
  const guesses = Array.from({ length: most + 1 }, () =>
    attempts
      .guard(name, most, () => {
        count += 1;
        if (count === most) resolve(false);
        return promise;
      })
      .catch((error: unknown) => {
        resolve(false);
        if (!(error instanceof Problem)) throw error;
      }),
  );
  await Promise.all(guesses);
  return count;
}
const counted = async () => (await app.db.query<{ n: number }>('SELECT sum(count)::int AS n FROM attempts'))[0]?.n ?? 0;

describe('a secret', () => {
  it('is compared no more often than allowed, however many are under way', async () => {
    expect(await left(aName(), MOST)).toBe(MOST);
    expect(await left(aName(), 1)).toBe(1);
  });

  it('is forgotten to have been wrong when a window has passed, however often it was right meanwhile', async () => {
    const name = aName();
    await attempts.guard(name, MOST, wrong);
    for (const _ of [1, 2]) {
      await app.db.query(`UPDATE attempts SET counted_at = counted_at - interval '10 minutes' WHERE count > 0`);
      await attempts.guard(name, MOST, right);
    }
    expect(await left(name, MOST)).toBe(MOST);
  });

  it('is not forgotten to have been wrong before a whole window has passed since it was wrong last', async () => {
    const name = aName();
    for (const _ of [1, 2]) {
      await attempts.guard(name, MOST, wrong);
      await app.db.query(`UPDATE attempts SET counted_at = counted_at - interval '8 minutes'`);
    }
    expect(await left(name, MOST)).toBe(MOST - 2);
  });

  it('is compared for any number that are right at once, in turn', async () => {
    const name = aName();
    const all = await Promise.all(Array.from({ length: 10 * MOST }, () => attempts.guard(name, MOST, right)));
    expect(all).toEqual(all.map(() => true));
  });

  it('is compared for all that are right in the same millisecond', async () => {
    for (let i = 0; i < 100; i++) {
      const name = aName();
      const all = await Promise.all(Array.from({ length: MOST / 2 }, () => attempts.guard(name, MOST, right)));
      expect(all).toEqual(all.map(() => true));
    }
  });

  it('is not compared once it may not be', async () => {
    const name = aName();
    await attempts.guard(name, 1, wrong);
    const refused = attempts.guard(name, 1, () => Promise.reject(new Error('compared')));
    await expect(refused).rejects.toMatchObject({ code: 'rate_limited', options: { retryAfter: 900 } });
  });

  it('has a name of its own: one says nothing of another', async () => {
    const name = aName();
    await attempts.guard(name, 1, wrong);
    expect(await attempts.guard(`${name}0`, 1, right)).toBe(true);
  });

  it('may be wrong very often where the settings allow it, a second apart', async () => {
    const name = aName();
    for (let i = 0; i < 3; i++) await attempts.guard(name, 1000, wrong);
    await expect(attempts.guard(name, 1000, wrong)).rejects.toMatchObject({ options: { retryAfter: 1 } });
  });

  it('is known to the database by a keyed hash alone', async () => {
    const { email } = aPerson();
    await app.call('POST', '/api/v1/auth/login', { json: { email, password: 'wrong' } });
    const [{ rows } = { rows: '' }] = await app.db.query<{ rows: string }>(
      `SELECT string_agg(encode(key, 'escape') || ' ' || encode(sha256($1), 'escape'), E'\\n') AS rows FROM attempts`,
      [Buffer.from(email)],
    );
    expect(rows).not.toContain(email);
  });
});

describe('what was reserved', () => {
  it('is given back when the secret was right', async () => {
    const name = aName();
    for (let i = 0; i < 2 * MOST; i++) expect(await attempts.guard(name, MOST, right)).toBe(true);
    expect(await left(name, MOST)).toBe(MOST);
  });

  it('is given back when it could not be compared, and the reason is what is thrown', async () => {
    const name = aName();
    await attempts.guard(name, MOST, wrong);
    for (let i = 0; i < 2 * MOST; i++) {
      await expect(attempts.guard(name, MOST, () => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
    }
    expect(await left(name, MOST)).toBe(MOST - 1);
  });

  it('is given back when too many wait for a hash', async () => {
    const busy = await startInstance({ ...app.settings, PASSWORD_CONCURRENCY: '1', PASSWORD_QUEUE: '0' });
    const before = await counted();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => busy.call('POST', '/api/v1/auth/login', { json: aPerson() })),
    );
    const of = (status: number) => answers.filter((answer) => answer.status === status).length;
    expect(of(503)).toBeGreaterThan(0);
    expect(of(401) + of(503)).toBe(answers.length);
    expect((await counted()) - before).toBe(of(401));
    await busy.stop();
  });
});
