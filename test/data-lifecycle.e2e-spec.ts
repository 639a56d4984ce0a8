import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Housekeeping } from '../src/database/housekeeping.js';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller } from './support/callers.js';
import { aRecord } from './support/factories.js';
import type { Answer } from './support/http.js';
import { hold } from './support/locks.js';

let app: TestApp;
let owner: TestCaller;
beforeAll(async () => {
  app = await startApp({ RECORD_RETENTION_DAYS: '7' });
  owner = await asUser(app);
});
afterAll(() => app.stop());

const any = { headers: { 'if-match': '*' } };
async function stored() {
  const { body } = await owner.call('POST', '/api/v1/data', { json: aRecord() });
  return { record: body as { id: string }, path: `/api/v1/data/${body.id}` };
}
const actions = async (id: string) =>
  (
    await app.db.query<{ action: string }>('SELECT action FROM audit_events WHERE target_id = $1 ORDER BY at, id', [id])
  ).map(({ action }) => action);

const deletedAgo = async (id: string, time: string) =>
  app.db.query('UPDATE records SET deleted_at = now() - $2::interval WHERE id = $1', [id, time]);
const exists = async (id: string) => (await app.db.query('SELECT 1 FROM records WHERE id = $1', [id])).length === 1;

/** How often each status came. */
function statuses(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe('DELETE /api/v1/data/:id', () => {
  it('answers 204 without a body, and the record is gone from every route but the list of the deleted', async () => {
    const { record, path } = await stored();
    const deleted = await owner.call('DELETE', path, { headers: { 'if-match': '"1"' } });
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    for (const method of ['GET', 'HEAD', 'PATCH', 'DELETE']) {
      const json = method === 'PATCH' ? { name: 'x' } : undefined;
      expect([method, (await owner.call(method, path, { json, ...any })).status]).toEqual([method, 404]);
    }
    const listed = async (query: string) =>
      (await owner.call('GET', `/api/v1/data?limit=100${query}`)).body.items.map(({ id }: { id: string }) => id);
    expect(await listed('')).not.toContain(record.id);
    expect(await listed('&deleted=true')).toContain(record.id);
    expect(await actions(record.id)).toEqual(['record.created', 'record.deleted']);
  });

  it('of 20 at once deletes once', async () => {
    const { record, path } = await stored();
    const answers = await Promise.all(Array.from({ length: 20 }, () => owner.call('DELETE', path, any)));
    expect(statuses(answers)).toEqual({ 204: 1, 404: 19 });
    expect(await actions(record.id)).toEqual(['record.created', 'record.deleted']);
  });
});

describe('POST /api/v1/data/:id/restore', () => {
  it('brings the record back with a new version and nothing else changed', async () => {
    const { record, path } = await stored();
    await owner.call('DELETE', path, any);
    const { status, body, headers } = await owner.call('POST', `${path}/restore`);
    expect(status).toBe(200);
    expect(body).toEqual({ ...record, version: 3, updatedAt: body.updatedAt });
    expect(headers.get('etag')).toBe('"3"');
    expect((await owner.call('GET', path)).body).toEqual(body);
    expect(await actions(record.id)).toEqual(['record.created', 'record.deleted', 'record.restored']);
  });

  it('answers 409 when there is nothing to restore, and of 20 at once restores once', async () => {
    const { path } = await stored();
    const live = await owner.call('POST', `${path}/restore`);
    expect([live.status, live.body.code]).toEqual([409, 'not_deleted']);
    await owner.call('DELETE', path, any);
    const answers = await Promise.all(Array.from({ length: 20 }, () => owner.call('POST', `${path}/restore`)));
    expect(statuses(answers)).toEqual({ 200: 1, 409: 19 });
    expect((await owner.call('GET', path)).body.version).toBe(3);
  });

  it('makes the tag from before the deletion stale', async () => {
    const { path } = await stored();
    await owner.call('DELETE', path, any);
    await owner.call('POST', `${path}/restore`);
    const answer = await owner.call('PATCH', path, { json: { name: 'x' }, headers: { 'if-match': '"1"' } });
    expect(answer.status).toBe(412);
  });

  it('answers 404 to an id that is nobody’s', async () => {
    expect((await owner.call('POST', `/api/v1/data/${randomUUID()}/restore`)).status).toBe(404);
  });
});

describe('the purge after RECORD_RETENTION_DAYS', () => {
  it('removes what was deleted before that, for good and with a trace, and nothing else', async () => {
    const [old, young, live] = [await stored(), await stored(), await stored()];
    for (const { path } of [old, young]) await owner.call('DELETE', path, any);
    await deletedAgo(old.record.id, '7 days 1 minute');
    await deletedAgo(young.record.id, '6 days 23 hours 59 minutes');
    await app.nest.get(Housekeeping).run();
    expect(await Promise.all([old, young, live].map(({ record }) => exists(record.id)))).toEqual([false, true, true]);
    expect((await owner.call('POST', `${old.path}/restore`)).status).toBe(404);
    expect((await owner.call('POST', `${young.path}/restore`)).status).toBe(200);
    expect(await actions(old.record.id)).toEqual(['record.created', 'record.deleted', 'record.purged']);
    const [trace] = await app.db.query(
      `SELECT actor_kind, actor_id FROM audit_events WHERE target_id = $1 AND action = 'record.purged'`,
      [old.record.id],
    );
    expect(trace).toEqual({ actor_kind: 'system', actor_id: null });
  });

  it('is done by one instance at a time', async () => {
    const { record, path } = await stored();
    await owner.call('DELETE', path, any);
    await deletedAgo(record.id, '8 days');
    const release = await hold(app.db, `SELECT pg_advisory_xact_lock(hashtextextended('housekeeping', 0))`);
    await app.nest.get(Housekeeping).run();
    expect(await exists(record.id)).toBe(true);
    await release();
    await app.nest.get(Housekeeping).run();
    expect(await exists(record.id)).toBe(false);
  });
});
