import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { aPerson } from './support/factories.js';
import type { Answer } from './support/http.js';
import { type Instance, startInstance } from './support/process.js';
import { signedRanks } from './support/signed-ranks.js';

const PAIRS = 400;
/** Once in 3,000 runs by chance; a difference of a tenth of what an answer varies by is far beyond it. */
const FAR = 3.6;

let app: TestApp;
/** In a process of its own, which does nothing else, and where login waits for a confirmed address. */
let instance: Instance;
const verified = aPerson();
const unverified = aPerson();

beforeAll(async () => {
  app = await startApp();
  instance = await startInstance({ ...app.settings, AUTH_REQUIRE_VERIFIED_EMAIL: 'true' });
  for (const json of [verified, unverified]) await instance.call('POST', '/api/v1/auth/register', { json });
  await app.db.query('UPDATE users SET email_verified_at = now() WHERE email = $1', [verified.email]);
  for (const { email } of [verified, unverified]) await copies(email);
});
afterAll(async () => {
  await instance.stop();
  await app.stop();
});

const { password } = aPerson();
/** Guesses are counted by account: each of them is at one that nobody has guessed at, as those at unknown ones are. */
const copyOf = (email: string, pair: number) => `${pair}-${email}`;
async function copies(email: string): Promise<void> {
  await app.db.query(
    `WITH copies AS (
       INSERT INTO users (id, email, email_key, roles, status, email_verified_at)
       SELECT gen_random_uuid(), pair || '-' || email, pair || '-' || email_key, roles, status, email_verified_at
       FROM users, generate_series(0, $2) AS pair WHERE email = $1 RETURNING id
     ) INSERT INTO passwords (user_id, hash)
     SELECT copies.id, hash FROM copies, users JOIN passwords ON user_id = users.id WHERE email = $1`,
    [email, PAIRS - 1],
  );
}
/** A route, and two bodies that must not be told apart: of an address that is known, and of one that is not. */
const cases: readonly [what: string, path: string, known: (pair: number) => object, unknown: () => object][] = [
  [
    'login with a wrong password',
    'login',
    (pair) => ({ email: copyOf(verified.email, pair), password }),
    () => ({ email: aPerson().email, password }),
  ],
  [
    'login before the address is confirmed',
    'login',
    (pair) => ({ ...unverified, email: copyOf(unverified.email, pair) }),
    () => aPerson(),
  ],
  ['register', 'register', () => ({ ...aPerson(), email: verified.email }), () => aPerson()],
  ['forgot', 'password/forgot', () => ({ email: verified.email }), () => ({ email: aPerson().email })],
  ['resend', 'email/resend', () => ({ email: unverified.email }), () => ({ email: aPerson().email })],
];

/** Everything of an answer that does not differ from one request to the next. */
function shape({ status, headers, body }: Answer): string {
  const { requestId: _, ...rest } = body as Record<string, unknown>;
  const fields = [...headers].filter(([name]) => !['date', 'x-request-id', 'ratelimit'].includes(name));
  return JSON.stringify([status, fields, rest]);
}

describe('an address that is known', () => {
  it.each(cases)(
    'shows in nothing of the answer, nor in its time: %s',
    async (_what, path, known, unknown) => {
      const differences: number[] = [];
      const shapes = new Set<string>();
      const ask = async (json: object) => {
        const since = performance.now();
        const answer = await instance.call('POST', `/api/v1/auth/${path}`, { json });
        const ms = performance.now() - since;
        shapes.add(shape(answer));
        return ms;
      };
      for (let pair = 0; pair < PAIRS; pair++) {
        // By chance, so that being the first or the second is no advantage.
        const first = randomInt(2) === 0;
        const times = [await ask((first ? known : unknown)(pair)), await ask((first ? unknown : known)(pair))];
        const [ofKnown = 0, ofUnknown = 0] = first ? times : times.toReversed();
        differences.push(ofKnown - ofUnknown);
      }
      expect([...shapes]).toHaveLength(1);
      expect(Math.abs(signedRanks(differences))).toBeLessThan(FAR);
    },
    180_000,
  );
});
