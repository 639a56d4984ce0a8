import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Problem } from '../src/errors/problem.js';
import { OAuthClientsService } from '../src/oauth-clients/oauth-clients.service.js';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, type TestCaller } from './support/callers.js';
import { aMachine, aPublicKey, aSigningClient, CLIENTS, withClient } from './support/clients.js';
import { aClient } from './support/factories.js';
import { footprintOf } from './support/footprint.js';
import { steppedUp, withTotp } from './support/totp.js';

let app: TestApp;
let clients: OAuthClientsService;
let owner: TestCaller;
let admin: TestCaller;

beforeAll(async () => {
  app = await startApp();
  clients = app.nest.get(OAuthClientsService);
  [owner, admin] = [await asUser(app), await asAdmin(app)];
});
afterAll(() => app.stop());

const replace = (by: TestCaller, id: string, json: unknown = {}) =>
  by.call('POST', `${CLIENTS}/${id}/secret`, { json });
const patch = (by: TestCaller, id: string, json: unknown) => by.call('PATCH', `${CLIENTS}/${id}`, { json });
const working = async (id: string, secrets: readonly string[]) =>
  Promise.all(secrets.map((secret) => clients.secretMatches(id, secret)));
const secretsOf = (id: string) =>
  app.db.query<{ live: boolean }>('SELECT expires_at IS NULL AS live FROM oauth_client_secrets WHERE client_id = $1', [
    id,
  ]);
const revoked = (id: string) => app.db.query('SELECT 1 FROM revocations WHERE subject = $1', [id]);

describe('POST /api/v1/oauth-clients/:id/secret', () => {
  it('gives a new secret, audits it, makes every instance forget the client, and ends the old one at once', async () => {
    const { id, secret, view } = await withClient(owner);
    const { status, headers, body } = await replace(owner, id);
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    const { clientSecret, ...rest } = body;
    expect(rest).toEqual(view);
    expect(await working(id, [secret, clientSecret])).toEqual([false, true]);
    expect(await revoked(id)).toHaveLength(1);
    const sql = `SELECT details FROM audit_events WHERE target_id = $1 AND action = 'client.secret_rotated'`;
    expect(await app.db.query(sql, [id])).toEqual([{ details: { userId: owner.id, overlapSeconds: 0 } }]);
  });

  it('lets both live for the overlap, and the old one not a moment longer', async () => {
    const { id, secret } = await withClient(owner);
    const { body } = await replace(owner, id, { overlapSeconds: 604_800 });
    expect(await working(id, [secret, body.clientSecret])).toEqual([true, true]);
    await app.db.query(
      `UPDATE oauth_client_secrets SET expires_at = expires_at - interval '7 days' WHERE client_id = $1`,
      [id],
    );
    expect(await working(id, [secret, body.clientSecret])).toEqual([false, true]);
  });

  it('leaves two live secrets at most', async () => {
    const { id, secret } = await withClient(owner);
    const secrets = [secret];
    for (let i = 0; i < 3; i += 1) secrets.push((await replace(owner, id, { overlapSeconds: 3600 })).body.clientSecret);
    expect(await working(id, secrets)).toEqual([false, false, true, true]);
    secrets.push((await replace(owner, id)).body.clientSecret);
    expect(await working(id, secrets)).toEqual([false, false, false, false, true]);
  });

  it.each([0, 3600])('of 20 at once with an overlap of %i leaves one that lasts', async (overlapSeconds) => {
    const { id, secret } = await withClient(owner);
    const answers = await Promise.all(Array.from({ length: 20 }, () => replace(owner, id, { overlapSeconds })));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    const secrets = [secret, ...answers.map(({ body }) => String(body.clientSecret))];
    const live = (await working(id, secrets)).filter(Boolean).length;
    const stored = await secretsOf(id);
    expect([live, stored.length]).toEqual(overlapSeconds ? [2, 2] : [1, 1]);
    expect(stored.filter((each) => each.live)).toHaveLength(1);
  });

  it('refuses a client that has none, and an overlap that is no number of seconds up to seven days', async () => {
    const { id, secret } = await withClient(owner);
    const without = [
      await withClient(owner, aSigningClient()),
      await withClient(owner, aClient({ tokenEndpointAuthMethod: 'none' })),
    ];
    const before = await footprintOf(app.db);
    for (const client of without) {
      const { status, body } = await replace(owner, client.id);
      expect([status, body.code]).toEqual([409, 'client_without_secret']);
    }
    for (const overlapSeconds of [-1, 0.5, 604_801, '60', null, true, [60], {}, 1e300]) {
      expect((await replace(owner, id, { overlapSeconds })).body.errors).toMatchObject([
        { pointer: '/overlapSeconds' },
      ]);
    }
    expect(await footprintOf(app.db)).toEqual(before);
    expect(await working(id, [secret])).toEqual([true]);
  });
});

describe('a secret', () => {
  it('opens its own client alone, and nothing else opens it', async () => {
    const [one, two] = [await withClient(admin), await withClient(admin)];
    expect(await working(one.id, [one.secret, two.secret, '', `${one.secret}=`, '\0', 'x'.repeat(100_000)])).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    for (const id of ['', 'x', one.id.toUpperCase(), `{${one.id}}`, `${one.id}\0`, crypto.randomUUID()]) {
      expect([id, await clients.secretMatches(id, one.secret), await clients.findClient(id)]).toEqual([
        id,
        false,
        null,
      ]);
    }
    const { rows } = { rows: await app.db.query<{ hash: Buffer }>('SELECT hash FROM oauth_client_secrets') };
    const hashes = rows.flatMap(({ hash }) => [hash.toString('hex'), hash.toString('base64url')]);
    expect((await working(one.id, hashes)).includes(true)).toBe(false);
  });
});

/** Whether the authorization server would know it, and take its secret. */
async function counts({ id, secret }: { id: string; secret: string }): Promise<boolean> {
  const [found, matches] = [await clients.findClient(id), await clients.secretMatches(id, secret)];
  expect([id, matches]).toEqual([id, found !== null]);
  return found !== null;
}

describe('a client', () => {
  it('does not count while it is disabled', async () => {
    const client = await withClient(owner);
    expect(await counts(client)).toBe(true);
    await patch(owner, client.id, { status: 'disabled' });
    expect(await counts(client)).toBe(false);
    await patch(owner, client.id, { status: 'active' });
    expect(await counts(client)).toBe(true);
  });

  it('does not count while its owner is disabled, of which every instance hears', async () => {
    const person = await asUser(app);
    const client = await withClient(person);
    const become = (status: string) => admin.call('PATCH', `/api/v1/users/${person.id}`, { json: { status } });
    await become('disabled');
    expect(await counts(client)).toBe(false);
    expect(await revoked(client.id)).toHaveLength(1);
    await become('active');
    expect(await counts(client)).toBe(true);
  });

  it('goes with its owner, and one that an administrator made stays', async () => {
    const person = await asAdmin(app);
    const shared = await withClient(person);
    await app.db.query(`UPDATE users SET roles = '{user}' WHERE id = $1`, [person.id]);
    await admin.call('DELETE', `/api/v1/users/${person.id}/sessions`);
    const other = await asUser(app);
    const own = await withClient(other);
    for (const { id } of [person, other]) {
      expect((await admin.call('DELETE', `/api/v1/users/${id}`)).status).toBe(204);
    }
    expect([await counts(shared), await counts(own)]).toEqual([true, false]);
    expect(await revoked(own.id)).toHaveLength(1);
    expect(await secretsOf(own.id)).toEqual([]);
  });

  it('is what the last word says it may be, before anything is stored', async () => {
    const { id } = await withClient(owner);
    clients.onValidate(({ name }) => {
      if (name === 'unheard of') throw new Problem('conflict', { detail: 'Not this one.' });
    });
    const before = await footprintOf(app.db);
    const answers = [
      await owner.call('POST', CLIENTS, { json: aClient({ name: 'unheard of' }) }),
      await patch(owner, id, { name: 'unheard of' }),
    ];
    for (const { status, body } of answers) expect([status, body.detail]).toEqual([409, 'Not this one.']);
    expect(await footprintOf(app.db)).toEqual(before);
    expect((await patch(owner, id, { name: 'heard of' })).status).toBe(200);
  });
});

describe('an administrator with a second factor', () => {
  it('shows it before a client acts for itself, before it is changed, and before it gets other keys', async () => {
    const weak = await withTotp(app, await asAdmin(app));
    const strong = await steppedUp(app, weak);
    const { id } = await withClient(strong, aMachine());
    const signing = await withClient(strong, aSigningClient());
    const attempts = (by: TestCaller) => [
      by.call('POST', CLIENTS, { json: aMachine() }),
      patch(by, id, { scopes: ['data:write'] }),
      patch(by, id, { status: 'active' }),
      patch(by, id, { dpopBoundAccessTokens: false }),
      patch(by, signing.id, { jwks: { keys: [aPublicKey()] } }),
    ];
    const outcomes = async (by: TestCaller) =>
      (await Promise.all(attempts(by))).map(({ status, body }) => body.code ?? status);
    expect(await outcomes(weak)).toEqual(Array(5).fill('step_up_required'));
    expect(await outcomes(strong)).toEqual([201, 200, 200, 200, 200]);
    // What opens nothing that was closed is not worth a question, least of all in a hurry.
    const harmless = [
      patch(weak, signing.id, { redirectUris: ['https://b.example/'] }),
      patch(weak, id, { name: 'renamed', status: 'disabled' }),
      weak.call('POST', CLIENTS, { json: aClient() }),
    ];
    expect((await Promise.all(harmless)).map(({ status }) => status)).toEqual([200, 200, 201]);
  });
});
