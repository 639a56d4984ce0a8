import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, login, type TestCaller } from './support/callers.js';
import { aPerson } from './support/factories.js';
import type { Answer, Call } from './support/http.js';
import { type Instance, startInstance } from './support/process.js';

/** Of the default AUTH_ATTEMPTS, from devices that are not known; as many again from those that are. */
const HALF = 5;
/** The default AUTH_ATTEMPTS_SECONDS. */
const WINDOW = 900;

let app: TestApp;
let second: Instance;
beforeAll(async () => {
  // A machine that is busy refuses nothing for that here: what is looked at is why else it does.
  app = await startApp({ DATABASE_ACQUIRE_MS: '20000', DATABASE_REQUEST_MS: '30000' });
  second = await startInstance(app.settings);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
});

const outcome = ({ status, body }: Answer): string => (status < 400 ? `${status}` : `${status} ${body.code}`);
const evaluated = (answers: readonly Answer[]) => answers.filter(({ status }) => status === 401 || status === 403);
const retryAfter = ({ status, headers }: Answer): number => (status === 429 ? Number(headers.get('retry-after')) : 0);

/** From a client that nobody has signed in with. */
const ATTACKER = { headers: { 'user-agent': 'attacker' } };
const enter = (email: string, password: string, call: Call = app.call, options: object = ATTACKER) =>
  call('POST', '/api/v1/auth/login', { ...options, json: { email, password } });
const guess = (email: string, call?: Call, options?: object) => enter(email, aPerson().password, call, options);
/** With the client that tests sign in with. */
const KNOWN = {};

/** Lets time pass for what was counted. */
const pass = (seconds: number) =>
  app.db.query(
    `UPDATE attempts SET counted_at = counted_at - make_interval(secs => $1), retry_at = retry_at - make_interval(secs => $1)`,
    [seconds],
  );

/** Guesses until one is refused: the answers, and how long it says to wait. */
async function guessOn(email: string, options?: object): Promise<{ evaluated: number; wait: number }> {
  for (let count = 0; ; count += 1) {
    const answer = await guess(email, app.call, options);
    if (answer.status !== 401 || count > 2 * HALF) return { evaluated: count, wait: retryAfter(answer) };
  }
}

const letters = (text: string, first: number) =>
  text.replace(/[a-z]/g, (letter) => String.fromCodePoint(first + letter.charCodeAt(0) - 97));
/** One address, as it could be written. */
const forms: readonly ((email: string) => string)[] = [
  (email) => email,
  (email) => email.toUpperCase(),
  (email) => letters(email, 0xff41),
  (email) => letters(email, 0x1d41a),
  (email) => ` \t${email}\u00a0\n`,
  (email) => `\u200b${email}\ufeff`,
  (email) => email.replace('-', '\u2060 - \u3000'),
  (email) => email.replace('@', '\u200d@\u00ad'),
];

const OUTCOMES = new Set(['401 credentials_invalid', '403 password_wrong', '429 rate_limited']);

describe('two hundred guesses at one account', () => {
  it('in every form, on every way and in two processes lead to ten that are compared', async () => {
    const stolen = await asUser(app);
    const at = (path: string, json: object) => (call: Call) =>
      call('POST', `/api/v1/users/me/${path}`, { token: stolen.token, json });
    const { email: newEmail, password } = aPerson();
    const inside = [
      at('password', { currentPassword: password, newPassword: aPerson().password }),
      at('email', { email: newEmail, password }),
      at('deletion', { password }),
    ];
    const ways: readonly ((call: Call) => Promise<Answer>)[] = [
      ...inside,
      ...forms.map((form) => (call: Call) => guess(form(stolen.email), call)),
      ...forms.map((form) => (call: Call) => guess(form(stolen.email), call, KNOWN)),
      (call) => guess(stolen.email, call),
    ];
    const answers: Answer[] = [];
    for (const way of inside) answers.push(await way(app.call));
    expect(answers.map(outcome)).toEqual(inside.map(() => '403 password_wrong'));
    for (let round = 0; round < 5; round++) {
      const calls = [app.call, second.call].flatMap((call) => ways.map((way) => way(call)));
      answers.push(...(await Promise.all(calls)));
      // Whoever waits as long as is asked, but for the last, whose wait is the whole time.
      await app.db.query('UPDATE attempts SET retry_at = now() WHERE count < $1', [HALF]);
    }
    expect(answers.length).toBeGreaterThanOrEqual(200);
    expect(answers.map(outcome).filter((each) => !OUTCOMES.has(each))).toEqual([]);
    expect(evaluated(answers)).toHaveLength(2 * HALF);
    for (const answer of answers.slice(-40)) expect(retryAfter(answer)).toBeGreaterThan(WINDOW / 2);
  });

  it('at once let no more through than one after the other', async () => {
    const { email } = aPerson();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => guess(email, i % 2 ? app.call : second.call)),
    );
    expect(evaluated(answers).length).toBeLessThanOrEqual(HALF);
    expect(evaluated(answers).length).toBeGreaterThan(0);
  });
});

describe('the delay', () => {
  it('grows with each wrong password, and ends', async () => {
    const { email } = await asUser(app);
    expect(await guessOn(email)).toEqual({ evaluated: 3, wait: expect.toSatisfy((s: number) => s > 0 && s <= 14) });
    await pass(14);
    expect(await guessOn(email)).toEqual({ evaluated: 1, wait: expect.toSatisfy((s: number) => s > 14 && s <= 112) });
    await pass(112);
    const whole = expect.toSatisfy((s: number) => s > 112 && s <= WINDOW) as number;
    expect(await guessOn(email)).toEqual({ evaluated: 1, wait: whole });
    // One leaks in the time of the longest wait.
    await pass(WINDOW);
    expect(await guessOn(email)).toEqual({ evaluated: 1, wait: whole });
    await pass(HALF * WINDOW);
    expect((await guessOn(email)).evaluated).toBe(3);
  });

  it('is the same for an address that nobody has, in all that is answered', async () => {
    const { email } = await asUser(app);
    const told = async (address: string) => {
      const seen = [];
      for (let i = 0; i < 8; i++) {
        const answer = await guess(address);
        const { requestId: _, ...body } = answer.body as Record<string, unknown>;
        const fields = [...answer.headers].filter(
          ([name]) => !/^(date|x-request-id|ratelimit|retry-after)$/.test(name),
        );
        const wait = retryAfter(answer);
        seen.push([
          answer.status,
          body,
          fields,
          answer.headers.has('retry-after'),
          [14, 112, WINDOW].find((s) => wait <= s),
        ]);
        await pass([0, 0, 0, 14, 0, 112, 0, 0][i] ?? 0);
      }
      return seen;
    };
    const ofKnown = await told(email);
    expect(await told(aPerson().email)).toEqual(ofKnown);
    expect(ofKnown.map(([status]) => status)).toEqual([401, 401, 401, 429, 401, 429, 401, 429]);
  });
});

describe('the owner', () => {
  /** Wrong passwords until the whole time must be waited for. */
  async function spend(email: string, options?: object): Promise<void> {
    for (const seconds of [14, 112]) {
      await guessOn(email, options);
      await pass(seconds);
    }
    expect((await guessOn(email, options)).wait).toBeGreaterThan(112);
  }

  it('gets in on a known device while somebody guesses elsewhere, and nowhere else until the delay is over', async () => {
    const owner = await asUser(app);
    await spend(owner.email);
    for (let i = 0; i < 2 * HALF; i++) expect((await login(app, owner)).id).toBe(owner.id);
    expect(outcome(await enter(owner.email, owner.password))).toBe('429 rate_limited');
    expect(outcome(await guess(owner.email))).toBe('429 rate_limited');
    await pass(WINDOW);
    expect(outcome(await enter(owner.email, owner.password))).toBe('200');
    // It is known from now on.
    await spend(owner.email, { headers: { 'user-agent': 'somebody else' } });
    expect(outcome(await enter(owner.email, owner.password))).toBe('200');
  });

  it('gives back with the right password what it took, and nothing of what others took', async () => {
    const owner = await asUser(app);
    expect((await guessOn(owner.email, KNOWN)).evaluated).toBe(3);
    await pass(14);
    for (let i = 0; i < 2 * HALF; i++) expect((await login(app, owner)).id).toBe(owner.id);
    expect(await guessOn(owner.email, KNOWN)).toMatchObject({ evaluated: 1 });
    await pass(112);
    for (let i = 0; i < 2 * HALF; i++) expect((await login(app, owner)).id).toBe(owner.id);
    const { evaluated: last, wait } = await guessOn(owner.email, KNOWN);
    expect(last).toBe(1);
    expect(wait).toBeGreaterThan(112);
  });

  it('may sign in several times at once', async () => {
    const owner = await asUser(app);
    for (let round = 0; round < 2; round++) {
      const entered = await Promise.all(Array.from({ length: HALF }, () => login(app, owner)));
      expect(entered).toHaveLength(HALF);
    }
  });

  it.each<[string, (owner: TestCaller) => Promise<unknown>]>([
    ['that is over', (owner) => owner.call('POST', '/api/v1/auth/logout')],
    ['that ran out', ({ id }) => app.db.query('UPDATE sessions SET expires_at = now() WHERE user_id = $1', [id])],
  ])('is known by a session %s, too', async (_, end) => {
    const owner = await asUser(app);
    await end(owner);
    await spend(owner.email);
    expect((await login(app, owner)).id).toBe(owner.id);
  });
});
