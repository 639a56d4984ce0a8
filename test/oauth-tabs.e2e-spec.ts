import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authConfig } from '../src/config/auth.config.js';
import type { ConfigOf } from '../src/config/namespace.js';
import { ArtifactSeals } from '../src/oauth/artifact-seals.js';
import type { TestApp } from './support/app.js';
import { asAdmin, type TestCaller } from './support/callers.js';
import { aPersonAt, authorizationPath, aWebClient, type Person, startOAuth } from './support/code-flow.js';
import { hold, waitingBackends } from './support/locks.js';
import type { TestClient } from './support/oauth.js';

/** So that a test may hold a lock for longer than a request would wait. */
const PATIENT = { DATABASE_LOCK_MS: '20000', DATABASE_STATEMENT_MS: '20000', DATABASE_REQUEST_MS: '20000' };

let app: TestApp;
let admin: TestCaller;
let client: TestClient;

beforeAll(async () => {
  app = await startOAuth(PATIENT);
  admin = await asAdmin(app);
  client = await aWebClient(admin);
});
afterAll(() => app.stop());

const grantsOf = async ({ caller }: Person) =>
  (await caller.call('GET', '/api/v1/users/me/grants')).body.items as { id: string }[];

describe('a person with several tabs', () => {
  it('goes on in each of them at once, though each makes a new cookie', async () => {
    const person = await aPersonAt(app);
    await person.code(client);
    const { browser } = person;
    for (let round = 0; round < 5; round += 1) {
      const begun = await Promise.all(
        Array.from({ length: 4 }, () =>
          app.call('GET', authorizationPath(client, { prompt: 'consent' }), {
            headers: { accept: 'text/html', cookie: browser.cookieFor('/oauth/authorize') },
          }),
        ),
      );
      const resumed = await Promise.all(
        begun.map(({ headers }) => {
          const resume = headers.getSetCookie().find((cookie) => cookie.startsWith('__Secure-resume=')) ?? '';
          const path = /path=([^;]+)/i.exec(resume)?.[1] ?? '';
          const cookie = `${browser.cookieFor('/')}; ${resume.split(';')[0]}`;
          return app.call('GET', path, { headers: { accept: 'text/html', cookie } });
        }),
      );
      expect(resumed.filter(({ status }) => status >= 500)).toEqual([]);
      const last = resumed
        .flatMap(({ headers }) => headers.getSetCookie())
        .findLast((c) => c.startsWith('__Host-session='));
      if (last) browser.plant('__Host-session', last.split(';')[0]?.split('=')[1] ?? '');
    }
    // The last of them is a session like any other.
    expect((await browser.get('/account')).status).toBe(200);
  });

  it('gives a new grant in one while the old one ends in another: what hung on that is over', async () => {
    const person = await aPersonAt(app);
    const { access_token } = await person.tokens(client);
    const [{ id } = { id: '' }] = await grantsOf(person);
    await person.browser.get(authorizationPath(client, { prompt: 'consent' }));
    const release = await hold(app.db, 'DELETE FROM oauth_grants WHERE id = $1', [id]);
    const allowed = person.browser.submit({ decision: 'allow' });
    await waitingBackends(app.db);
    await release('COMMIT');
    expect((await allowed).location).toMatch(/[?&]code=/);
    const [{ id: now } = { id: '' }, ...others] = await grantsOf(person);
    expect([others, now === id]).toEqual([[], false]);
    expect((await app.call('GET', '/api/v1/data', { token: access_token })).status).toBe(401);
  });
});

describe('a grant that is over and still stored', () => {
  it('is not in the way of the next', async () => {
    const person = await aPersonAt(app);
    await person.tokens(client);
    const [{ id } = { id: '' }] = await grantsOf(person);
    await app.db.query(`UPDATE oauth_grants SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
    await person.tokens(client);
    expect((await grantsOf(person)).map((grant) => grant.id === id)).toEqual([false]);
  });
});

describe('what is stored while somebody decides', () => {
  it('does not hold the cookie of the browser, which lets whoever has it in', async () => {
    const person = await aPersonAt(app);
    await person.code(client);
    const { browser } = person;
    await browser.get(authorizationPath(client, { prompt: 'consent' }));
    const cookie = browser.cookies().get('__Host-session')?.value ?? '';
    const { secretKey } = app.nest.get<ConfigOf<typeof authConfig>>(authConfig.KEY);
    const seals = new ArtifactSeals(secretKey);
    const rows = await app.db.query<{ kind: string; hash: Buffer; sealed: Buffer }>(
      `SELECT kind, hash, sealed FROM oauth_artifacts WHERE kind = 'Interaction'`,
    );
    const texts = rows.map(({ kind, hash, sealed }) => JSON.stringify(seals.open(kind, hash, sealed)));
    expect(texts.filter((text) => text.includes(person.caller.id))).toHaveLength(1);
    expect(texts.filter((text) => text.includes(cookie))).toEqual([]);
  });

  it('is gone within the hour where nobody signs in', async () => {
    await app.db.query('DELETE FROM oauth_artifacts');
    await app.call('GET', '/oauth/device', { headers: { accept: 'text/html' } });
    const headers = { accept: 'text/html', cookie: '__Host-session=invented' };
    await app.call('GET', authorizationPath(client), { headers });
    const kept = await app.db.query<{ kind: string; minutes: number }>(
      `SELECT DISTINCT kind, ceil(extract(epoch FROM expires_at - now()) / 60)::int AS minutes FROM oauth_artifacts ORDER BY kind`,
    );
    expect(kept).toEqual([
      { kind: 'Interaction', minutes: 60 },
      { kind: 'Session', minutes: 60 },
    ]);
  });
});
