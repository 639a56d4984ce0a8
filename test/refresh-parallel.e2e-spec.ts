import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller } from './support/callers.js';
import type { Answer, Call } from './support/http.js';
import { type Instance, startInstance } from './support/process.js';
import { until } from '../scripts/lib/until.mjs';

let app: TestApp;
let second: Instance;

beforeAll(async () => {
  app = await startApp();
  second = await startInstance(app.settings);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
});

const refresh = (call: Call, refresh_token: string): Promise<Answer> =>
  call('POST', '/api/v1/auth/refresh', { json: { refresh_token } });
const whoWith = async (call: Call, token: string) => (await call('GET', '/api/v1/users/me', { token })).status;
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const liveTokens = ({ sessionId }: TestCaller) =>
  app.db.query('SELECT 1 FROM refresh_tokens WHERE session_id = $1 AND used_at IS NULL', [sessionId]);
const allTokens = ({ sessionId }: TestCaller) =>
  app.db.query('SELECT 1 FROM refresh_tokens WHERE session_id = $1', [sessionId]);

/** Expects that all of these succeeded with one and the same successor. */
async function expectOneSuccessor(caller: TestCaller, answers: Answer[]): Promise<string> {
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const successors = new Set<string>(answers.map(({ body }) => body.refresh_token));
  expect(successors.size).toBe(1);
  expect(await liveTokens(caller)).toHaveLength(1);
  expect(await allTokens(caller)).toHaveLength(2);
  return [...successors][0] ?? '';
}

describe('parallel uses of one refresh token', () => {
  it('give one successor, of 50 in one process', async () => {
    const caller = await asUser(app);
    const answers = await Promise.all(times(50, () => refresh(app.call, caller.refreshToken)));
    const successor = await expectOneSuccessor(caller, answers);
    expect((await refresh(app.call, successor)).status).toBe(200);
  });

  it('give one successor, of 50 over two processes', async () => {
    const caller = await asUser(app);
    const uses = times(50, (i) => refresh(i % 2 ? app.call : second.call, caller.refreshToken));
    const answers = await Promise.all(uses);
    const successor = await expectOneSuccessor(caller, answers);
    for (const { body } of answers.slice(0, 4)) expect(await whoWith(second.call, body.access_token)).toBe(200);
    expect((await refresh(second.call, successor)).status).toBe(200);
  });

  it('end the session once when the grace is over, of 20 over two processes', async () => {
    const caller = await asUser(app);
    await refresh(app.call, caller.refreshToken);
    await app.db.query(`UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds' WHERE session_id = $1`, [
      caller.sessionId,
    ]);
    const uses = times(20, (i) => refresh(i % 2 ? app.call : second.call, caller.refreshToken));
    expect((await Promise.all(uses)).map(({ status }) => status)).toEqual(uses.map(() => 401));
    const sql = `SELECT 1 FROM audit_events WHERE action = 'session.reuse_detected' AND target_id = $1`;
    expect(await app.db.query(sql, [caller.sessionId])).toHaveLength(1);
  });

  it('leave nothing alive when a logout runs among them', async () => {
    const rounds = times(8, async (round) => {
      const caller = await asUser(app);
      const uses = times(12, (i) => refresh(i % 2 ? app.call : second.call, caller.refreshToken));
      const logout = (round % 2 ? app : second).call('POST', '/api/v1/auth/logout', { token: caller.token });
      const [ended, ...answers] = await Promise.all([logout, ...uses]);
      expect(ended.status).toBe(204);
      expect(answers.filter(({ status }) => status !== 200 && status !== 401)).toEqual([]);
      return { caller, successes: answers.filter(({ status }) => status === 200) };
    });
    for (const { caller, successes } of await Promise.all(rounds)) {
      const tokens = [caller.token, ...successes.map(({ body }) => body.access_token as string)];
      for (const { call } of [app, second]) {
        for (const token of tokens) await until(async () => (await whoWith(call, token)) === 401, 1000);
      }
      const refreshTokens = new Set([
        caller.refreshToken,
        ...successes.map(({ body }) => body.refresh_token as string),
      ]);
      for (const token of refreshTokens) expect((await refresh(second.call, token)).status).toBe(401);
    }
  });
});

describe('reuse on another process', () => {
  it('is detected there, and ends the access token here within a second', async () => {
    const caller = await asUser(app);
    const { body } = await refresh(app.call, caller.refreshToken);
    await refresh(app.call, body.refresh_token);
    for (const { call } of [app, second]) expect(await whoWith(call, body.access_token)).toBe(200);
    expect((await refresh(second.call, caller.refreshToken)).status).toBe(401);
    expect(await whoWith(second.call, body.access_token)).toBe(401);
    const since = performance.now();
    await until(async () => (await whoWith(app.call, body.access_token)) === 401, 1000, since);
  });
});

describe('after a restart', () => {
  let plain: TestCaller;
  let graceful: { caller: TestCaller; successor: string };
  let rotated: { caller: TestCaller; answers: Answer[] };
  let gone: TestCaller;

  beforeAll(async () => {
    const callers = [await asUser(app), await asUser(app), await asUser(app), await asUser(app)] as const;
    plain = callers[0];
    graceful = {
      caller: callers[1],
      successor: (await refresh(second.call, callers[1].refreshToken)).body.refresh_token,
    };
    const first = await refresh(second.call, callers[2].refreshToken);
    rotated = { caller: callers[2], answers: [first, await refresh(second.call, first.body.refresh_token)] };
    gone = callers[3];
    await app.call('POST', '/api/v1/auth/logout', { token: gone.token });
    await second.stop();
    second = await startInstance(app.settings);
  });

  it('a refresh token of before still rotates, and an access token of before is still good', async () => {
    expect(await whoWith(second.call, plain.token)).toBe(200);
    expect((await refresh(second.call, plain.refreshToken)).status).toBe(200);
  });

  it('the grace still gives the same successor, of 20 at once', async () => {
    const { caller, successor } = graceful;
    // However long the start took, the grace is not over yet.
    await app.db.query('UPDATE refresh_tokens SET used_at = now() WHERE session_id = $1 AND used_at IS NOT NULL', [
      caller.sessionId,
    ]);
    const answers = await Promise.all(times(20, () => refresh(second.call, caller.refreshToken)));
    expect(await expectOneSuccessor(caller, answers)).toBe(successor);
  });

  it('reuse is still reuse, and ends every token of the family', async () => {
    const { caller, answers } = rotated;
    expect((await refresh(second.call, caller.refreshToken)).status).toBe(401);
    for (const { body } of answers) expect(await whoWith(second.call, body.access_token)).toBe(401);
    expect((await refresh(second.call, answers[1]?.body.refresh_token)).status).toBe(401);
  });

  it('what was ended stays ended', async () => {
    expect(await whoWith(second.call, gone.token)).toBe(401);
    expect((await refresh(second.call, gone.refreshToken)).status).toBe(401);
  });
});
