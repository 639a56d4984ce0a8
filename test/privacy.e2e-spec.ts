import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Housekeeping } from '../src/database/housekeeping.js';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, login, type TestCaller, withKey } from './support/callers.js';
import { hold, waitingBackends } from './support/locks.js';

const DAY_MS = 86_400_000;
const PATH = '/api/v1/users/me/deletion';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ DELETION_GRACE_DAYS: '3' });
  await asAdmin(app);
});
afterAll(() => app.stop());

const request = ({ call, password }: TestCaller) => call('POST', PATH, { json: { password } });
const undo = ({ call }: TestCaller) => call('DELETE', PATH);
const stored = async ({ id }: TestCaller) =>
  (
    await app.db.query<{ due: Date | null; status: string }>(
      'SELECT deletion_due_at AS due, status FROM users WHERE id = $1',
      [id],
    )
  )[0];
const actions = async ({ id }: TestCaller) =>
  (
    await app.db.query<{ action: string }>(
      `SELECT action FROM audit_events WHERE target_id = $1 AND action LIKE 'user.deletion_%' ORDER BY at, id`,
      [id],
    )
  ).map(({ action }) => action.replace('user.deletion_', ''));
const makeDue = ({ id }: TestCaller) =>
  app.db.query(`UPDATE users SET deletion_due_at = now() - interval '1 second' WHERE id = $1`, [id]);

describe('POST /api/v1/users/me/deletion', () => {
  it('answers 202 with the moment until which it can be undone', async () => {
    const caller = await asUser(app);
    const before = Date.now();
    const { status, body } = await request(caller);
    expect([status, Object.keys(body)]).toEqual([202, ['dueAt']]);
    const due = Date.parse(body.dueAt) - 3 * DAY_MS;
    expect(due).toBeGreaterThanOrEqual(before);
    expect(due).toBeLessThanOrEqual(Date.now());
    expect((await stored(caller))?.due?.toISOString()).toBe(body.dueAt);
  });

  it('asked again, or five times at once, answers the same moment and is one change', async () => {
    const caller = await asUser(app);
    const first = await request(caller);
    const again = [await request(caller), ...(await Promise.all([1, 2, 3, 4, 5].map(() => request(caller))))];
    for (const { status, body } of again) expect([status, body]).toEqual([202, first.body]);
    expect((await stored(caller))?.due?.toISOString()).toBe(first.body.dueAt);
    expect(await actions(caller)).toEqual(['requested']);
  });

  it('wants the password, and changes nothing without it', async () => {
    const caller = await asUser(app);
    const wrong = await caller.call('POST', PATH, { json: { password: (await asUser(app)).password } });
    expect([wrong.status, wrong.body.code]).toEqual([403, 'password_wrong']);
    for (const json of [{}, { password: '' }, { password: null }, { password: [caller.password] }]) {
      expect((await caller.call('POST', PATH, { json })).body.code).toBe('validation_failed');
    }
    expect((await stored(caller))?.due).toBeNull();
    expect(await actions(caller)).toEqual([]);
  });

  it('leaves the account as it is: sessions, keys and new logins work', async () => {
    const caller = await asUser(app);
    const key = await withKey(app, caller);
    await request(caller);
    expect((await key.call('GET', '/api/v1/data')).status).toBe(200);
    expect((await (await login(app, caller)).call('PATCH', '/api/v1/users/me', { json: {} })).status).toBe(200);
    await app.nest.get(Housekeeping).run();
    expect((await caller.call('GET', '/api/v1/users/me')).status).toBe(200);
  });

  it('is refused to the last administrator who stays: 409, and nothing is scheduled', async () => {
    const [leaving, last] = [await asAdmin(app), await asAdmin(app)];
    await app.db.query(`UPDATE users SET roles = '{user}' WHERE 'admin' = ANY (roles) AND id <> ALL ($1)`, [
      [leaving.id, last.id],
    ]);
    expect((await request(leaving)).status).toBe(202);
    // The other is an administrator still, but not for long: nobody would be left.
    const refused = await request(last);
    expect([refused.status, refused.body.code]).toEqual([409, 'last_administrator']);
    expect([(await stored(last))?.due, await actions(last)]).toEqual([null, []]);
    await undo(leaving);
    expect((await request(last)).status).toBe(202);
  });

  it('of two administrators at once schedules one', async () => {
    const both = [await asAdmin(app), await asAdmin(app)];
    await app.db.query(`UPDATE users SET roles = '{user}' WHERE 'admin' = ANY (roles) AND id <> ALL ($1)`, [
      both.map(({ id }) => id),
    ]);
    const answers = await Promise.all(both.map(request));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([202, 409]);
  });
});

describe('DELETE /api/v1/users/me/deletion', () => {
  it('answers 204 and takes the request back; where there is none it changes nothing', async () => {
    const caller = await asUser(app);
    expect((await undo(caller)).status).toBe(204);
    expect(await actions(caller)).toEqual([]);
    await request(caller);
    for (const { status, text } of [await undo(caller), await undo(caller)]) expect([status, text]).toEqual([204, '']);
    expect([(await stored(caller))?.due, await actions(caller)]).toEqual([null, ['requested', 'undone']]);
    await app.nest.get(Housekeeping).run();
    expect((await caller.call('GET', '/api/v1/users/me')).status).toBe(200);
  });

  it('takes back what is due, as long as nobody has erased it', async () => {
    const caller = await asUser(app);
    await request(caller);
    await makeDue(caller);
    expect((await undo(caller)).status).toBe(204);
    await app.nest.get(Housekeeping).run();
    expect(await stored(caller)).toEqual({ due: null, status: 'active' });
  });

  it('that was answered with 204 holds, also when the erasure has begun to look', async () => {
    const caller = await asUser(app);
    await request(caller);
    await makeDue(caller);
    const release = await hold(app.db, `SELECT pg_advisory_xact_lock(hashtextextended('administrators', 0))`);
    const undoing = undo(caller);
    await waitingBackends(app.db, 1);
    // It finds the account due, because the change before it in the queue is not committed.
    const erasing = app.nest.get(Housekeeping).run();
    await waitingBackends(app.db, 2);
    await release();
    expect((await undoing).status).toBe(204);
    await erasing;
    expect(await stored(caller)).toEqual({ due: null, status: 'active' });
  });
});
