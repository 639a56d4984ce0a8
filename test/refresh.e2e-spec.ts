import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSuccessor } from '../src/auth/refresh-token.js';
import { Housekeeping } from '../src/database/housekeeping.js';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { tablesWith } from './support/tables.js';
import { expectInvalid, notText } from './support/wrong-values.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const refresh = (refresh_token: unknown) => app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token } });
const whoWith = (token: string) => app.call('GET', '/api/v1/users/me', { token });

/** The successor of a token, which must have one. */
async function successorOf(token: string): Promise<{ access: string; refresh: string }> {
  const { status, body } = await refresh(token);
  expect(status).toBe(200);
  return { access: body.access_token, refresh: body.refresh_token };
}

/** Lets the grace of every used token of a session pass. */
const endGrace = ({ sessionId }: TestCaller) =>
  app.db.query(`UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds' WHERE session_id = $1`, [
    sessionId,
  ]);

const tokensOf = ({ sessionId }: TestCaller) =>
  app.db.query<{ hash: Buffer; parent_hash: Buffer | null; used_at: Date | null; successor_sealed: Buffer | null }>(
    'SELECT * FROM refresh_tokens WHERE session_id = $1 ORDER BY used_at',
    [sessionId],
  );

/** Expects that nothing of this session is worth anything any more. */
async function expectEnded(caller: TestCaller, tokens: { access: string; refresh: string }[]): Promise<void> {
  for (const { access, refresh: token } of tokens) {
    expect((await whoWith(access)).body.code).toBe('token_invalid');
    expect((await refresh(token)).body.code).toBe('refresh_token_invalid');
  }
  expect((await whoWith(caller.token)).status).toBe(401);
  const [session] = await app.db.query<{ ended_at: Date }>('SELECT ended_at FROM sessions WHERE id = $1', [
    caller.sessionId,
  ]);
  expect(session?.ended_at).toBeInstanceOf(Date);
}

describe('POST /api/v1/auth/refresh', () => {
  it('answers like a login, with a new access token and a new refresh token of the same session', async () => {
    const caller = await asUser(app);
    const { status, headers, body } = await refresh(caller.refreshToken);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(Object.keys(body)).toEqual(['access_token', 'token_type', 'expires_in', 'refresh_token', 'scope']);
    expect(body.refresh_token).not.toBe(caller.refreshToken);
    expect(body.access_token).not.toBe(caller.token);
    expect((await whoWith(body.access_token)).body.id).toBe(caller.id);
    const { items } = (await caller.call('GET', '/api/v1/auth/sessions')).body;
    expect(items.map(({ id }: { id: string }) => id)).toEqual([caller.sessionId]);
  });

  it('rotates for as long as each token is used once', async () => {
    const caller = await asUser(app);
    const seen = [caller.refreshToken];
    for (let i = 0; i < 5; i += 1) seen.push((await successorOf(seen.at(-1) ?? '')).refresh);
    expect(new Set(seen).size).toBe(6);
    expect((await tokensOf(caller)).filter(({ used_at }) => used_at === null)).toHaveLength(1);
  });

  it('refuses what is no refresh token, and keeps quiet about why', async () => {
    const caller = await asUser(app);
    for (const token of ['x', `${caller.refreshToken} `, `${caller.refreshToken}=`, 'A'.repeat(43)]) {
      const { status, body, headers } = await refresh(token);
      expect([token, status, body.code]).toEqual([token, 401, 'refresh_token_invalid']);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer /);
    }
    for (const wrong of notText) expectInvalid(await refresh(wrong), '/refresh_token', wrong);
    expect((await refresh(caller.refreshToken)).status).toBe(200);
  });

  it('moves the idle end of the session, and never past its absolute end', async () => {
    const caller = await asUser(app);
    const times = `SELECT idle_expires_at AS idle, expires_at AS absolute FROM sessions WHERE id = $1`;
    const read = async () => (await app.db.query<{ idle: Date; absolute: Date }>(times, [caller.sessionId]))[0];
    const set = (idle: string, absolute: string) =>
      app.db.query(
        `UPDATE sessions SET idle_expires_at = now() + $2::interval, expires_at = now() + $3::interval WHERE id = $1`,
        [caller.sessionId, idle, absolute],
      );
    await set('1 minute', '90 days');
    const second = await successorOf(caller.refreshToken);
    expect((await read())?.idle.getTime()).toBeGreaterThan(Date.now() + 13.9 * 86_400_000);
    await set('1 minute', '1 hour');
    await successorOf(second.refresh);
    const { idle, absolute } = (await read()) ?? {};
    expect(idle).toEqual(absolute);
  });
});

describe('a used refresh token', () => {
  it('gives the same successor again within the grace', async () => {
    const caller = await asUser(app);
    const first = await successorOf(caller.refreshToken);
    const again = await successorOf(caller.refreshToken);
    expect(again.refresh).toBe(first.refresh);
    expect((await whoWith(again.access)).status).toBe(200);
    expect(await tokensOf(caller)).toHaveLength(2);
    expect((await refresh(first.refresh)).status).toBe(200);
  });

  it('ends the session when the grace is over', async () => {
    const caller = await asUser(app);
    const second = await successorOf(caller.refreshToken);
    expect((await whoWith(caller.token)).status).toBe(200);
    await endGrace(caller);
    expect((await refresh(caller.refreshToken)).body.code).toBe('refresh_token_invalid');
    await expectEnded(caller, [second]);
    const audit = await app.db.query(`SELECT target_id FROM audit_events WHERE action = 'session.reuse_detected'`);
    expect(audit).toContainEqual({ target_id: caller.sessionId });
  });

  it('ends the session when its successor was used, even within the grace', async () => {
    const caller = await asUser(app);
    const second = await successorOf(caller.refreshToken);
    const third = await successorOf(second.refresh);
    expect((await refresh(caller.refreshToken)).status).toBe(401);
    await expectEnded(caller, [second, third]);
  });

  it("ends no other session, of the same person or another's", async () => {
    const [caller, other] = [await asUser(app), await asUser(app)];
    const elsewhere = await app.call('POST', '/api/v1/auth/login', {
      json: { email: caller.email, password: caller.password },
    });
    await successorOf(caller.refreshToken);
    await endGrace(caller);
    await refresh(caller.refreshToken);
    expect((await whoWith(elsewhere.body.access_token)).status).toBe(200);
    expect((await whoWith(other.token)).status).toBe(200);
  });
});

describe('the refresh token of a session that is over', () => {
  const past = `now() - interval '1 second'`;
  const ends = {
    'was ended': (caller: TestCaller) => caller.call('POST', '/api/v1/auth/logout'),
    'was idle too long': ({ sessionId }: TestCaller) =>
      app.db.query(`UPDATE sessions SET idle_expires_at = ${past} WHERE id = $1`, [sessionId]),
    'is past its absolute end': ({ sessionId }: TestCaller) =>
      app.db.query(`UPDATE sessions SET expires_at = ${past} WHERE id = $1`, [sessionId]),
    'belongs to a disabled user': async ({ id }: TestCaller) =>
      (await asAdmin(app)).call('PATCH', `/api/v1/users/${id}`, { json: { status: 'disabled' } }),
    'belongs to a deleted user': async ({ id }: TestCaller) =>
      (await asAdmin(app)).call('DELETE', `/api/v1/users/${id}`),
  };

  it.each(Object.entries(ends))('is refused where the session %s', async (_, end) => {
    const caller = await asUser(app);
    const second = await successorOf(caller.refreshToken);
    await end(caller);
    for (const token of [second.refresh, caller.refreshToken]) {
      const { status, body } = await refresh(token);
      expect([status, body.code]).toEqual([401, 'refresh_token_invalid']);
    }
  });

  it('does not come back when the user does', async () => {
    const [admin, caller] = [await asAdmin(app), await asUser(app)];
    for (const status of ['disabled', 'active']) {
      expect((await admin.call('PATCH', `/api/v1/users/${caller.id}`, { json: { status } })).status).toBe(200);
    }
    expect((await refresh(caller.refreshToken)).status).toBe(401);
    expect((await whoWith(caller.token)).status).toBe(401);
  });
});

describe('what is stored of refresh tokens', () => {
  it('holds neither a token nor its bytes, of any generation', async () => {
    const caller = await asUser(app);
    const second = await successorOf(caller.refreshToken);
    const third = await successorOf(second.refresh);
    for (const token of [caller.refreshToken, second.refresh, third.refresh, caller.token, third.access]) {
      expect(await tablesWith(app.db, token)).toEqual([]);
    }
    // The search does find what is there.
    expect(await tablesWith(app.db, caller.sessionId)).toContain('refresh_tokens');
  });

  it('seals a successor so that its parent alone opens it', async () => {
    const caller = await asUser(app);
    const second = await successorOf(caller.refreshToken);
    const sealed = (await tokensOf(caller)).find(({ successor_sealed }) => successor_sealed)?.successor_sealed;
    const bytes = sealed ?? Buffer.alloc(0);
    expect(openSuccessor(caller.refreshToken, bytes, caller.sessionId)).toBe(second.refresh);
    const others = [second.refresh, (await asUser(app)).refreshToken, String(app.settings['SECRET_KEY'])];
    for (const key of others) expect(() => openSuccessor(key, bytes, caller.sessionId)).toThrow(/cannot be opened/);
  });

  it('loses sealed successors when their grace is over, and no earlier', async () => {
    const [early, late] = [await asUser(app), await asUser(app)];
    const kept = await successorOf(late.refreshToken);
    await successorOf(early.refreshToken);
    await endGrace(early);
    await app.nest.get(Housekeeping).run();
    expect((await tokensOf(early)).map(({ successor_sealed }) => successor_sealed)).toEqual([null, null]);
    expect((await successorOf(late.refreshToken)).refresh).toBe(kept.refresh);
  });
});
