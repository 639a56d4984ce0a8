import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, type TestCaller } from './support/callers.js';
import { aRecord } from './support/factories.js';

let app: TestApp;
let owner: TestCaller;
beforeAll(async () => {
  app = await startApp();
  owner = await asUser(app);
});
afterAll(() => app.stop());

/** A record at version 3. */
async function atVersionThree(): Promise<string> {
  const { body } = await owner.call('POST', '/api/v1/data', { json: aRecord() });
  const path = `/api/v1/data/${body.id}`;
  for (const name of ['second', 'third']) {
    await owner.call('PATCH', path, { json: { name }, headers: { 'if-match': '*' } });
  }
  return path;
}

const METHODS = ['PATCH', 'DELETE'] as const;
const STALE = ['"2"', '"4"', '"1", "2"', '"nope"', '""', 'W/"3"', 'W/"3", W/"2"', 'w/"3"', '"03"', '"3 "'];
const UNREADABLE = ['', ' ', '3', "'3'", '"3', '3"', '"3" "3"', '*, "3"', '"3", *', '**', '"3"x', 'W/ "3"', '"3";a=1'];
const change = (method: string, path: string, ifMatch?: string) =>
  owner.call(method, path, {
    json: method === 'PATCH' ? { name: 'fourth' } : undefined,
    headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
  });

describe.each(METHODS)('If-Match of %s /api/v1/data/:id', (method) => {
  it('must be there: a change is never a blind one', async () => {
    const path = await atVersionThree();
    const { status, body } = await change(method, path);
    expect([status, body.code]).toEqual([428, 'precondition_required']);
    expect((await owner.call('GET', path)).body.version).toBe(3);
  });

  it.each(['"3"', ' "3" ', '"1", "3"', '"3","1"', ',, "3",', 'W/"3", "3"', '"a,b", "3"', '*', ' * '])(
    'lets %j through',
    async (ifMatch) => {
      const { status } = await change(method, await atVersionThree(), ifMatch);
      expect(status).toBe(method === 'PATCH' ? 200 : 204);
    },
  );

  it.each([...STALE, ...UNREADABLE])('answers 412 to %j and changes nothing', async (ifMatch) => {
    const path = await atVersionThree();
    const before = await owner.call('GET', path);
    const { status, body } = await change(method, path, ifMatch);
    expect([status, body.code]).toEqual([412, 'precondition_failed']);
    expect((await owner.call('GET', path)).text).toBe(before.text);
  });

  it('cannot be met by what is not there, or not the caller’s', async () => {
    const path = await atVersionThree();
    const stranger = await asUser(app);
    const json = method === 'PATCH' ? { name: 'theirs' } : undefined;
    for (const ifMatch of [undefined, '*', '"3"', '"9"']) {
      const headers: Record<string, string> = ifMatch === undefined ? {} : { 'if-match': ifMatch };
      expect((await stranger.call(method, path, { json, headers })).status).toBe(404);
    }
    expect((await owner.call('GET', path)).body.version).toBe(3);
  });

  it('takes a list as long as a header may be without delay', async () => {
    const path = await atVersionThree();
    const lists = [
      '"x",'.repeat(3500),
      ', '.repeat(7000),
      `"${'x'.repeat(14_000)}`,
      'W/'.repeat(7000),
      ' '.repeat(14_000),
    ];
    for (const ifMatch of lists) {
      const started = performance.now();
      expect((await change(method, path, ifMatch)).status).toBe(412);
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });
});

describe('parallel changes of one version', () => {
  it('of 50 patches exactly one wins', async () => {
    const path = await atVersionThree();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        owner.call('PATCH', path, { json: { name: `racer ${i}` }, headers: { 'if-match': '"3"' } }),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    const lost = answers.filter(({ status, body }) => status === 412 && body.code === 'precondition_failed');
    expect(lost).toHaveLength(49);
    expect((await owner.call('GET', path)).body).toEqual(won[0]?.body);
    expect(won[0]?.body.version).toBe(4);
    const audit = await app.db.query(`SELECT 1 FROM audit_events WHERE target_id = $1 AND action = 'record.updated'`, [
      won[0]?.body.id,
    ]);
    expect(audit).toHaveLength(3);
  });

  it('that all must win lose nothing: * makes a version of each', async () => {
    const path = await atVersionThree();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        owner.call('PATCH', path, { json: { content: { [`k${i}`]: i } }, headers: { 'if-match': '*' } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
    const { body } = await owner.call('GET', path);
    expect(body.version).toBe(23);
    for (let i = 0; i < 20; i += 1) expect(body.content[`k${i}`]).toBe(i);
  });

  it('of patches and deletions of one version exactly one wins', async () => {
    const path = await atVersionThree();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => change(METHODS[i % 2] ?? 'PATCH', path, '"3"')),
    );
    const won = answers.filter(({ status }) => status < 300);
    expect(won).toHaveLength(1);
    // Who comes after a deletion finds nothing, who comes after a patch another version.
    expect(new Set(answers.filter(({ status }) => status >= 300).map(({ status }) => status))).toEqual(
      new Set([won[0]?.status === 204 ? 404 : 412]),
    );
  });
});
