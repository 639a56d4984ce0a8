import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, anAccount } from './support/account.js';
import type { TestApp } from './support/app.js';
import { asAdmin } from './support/callers.js';
import { Authenticator } from './support/authenticator.js';
import { TABLES } from './support/exported-tables.js';
import { aPerson } from './support/factories.js';
import { RelyingParty, signInFor, startIssuer } from './support/relying-party.js';
import { anEmailTokenOf } from './support/rows.js';
import { codeOf } from './support/totp.js';

/** What is no way in: who they are, what they own, and what has happened. */
const KEPT = new Set(['users', 'passwords', 'records', 'security_events', 'audit_events']);

let app: TestApp;
let party: RelyingParty;

beforeAll(async () => {
  app = await startIssuer({}, 'localhost');
  party = await RelyingParty.of(app, await asAdmin(app));
});
afterAll(() => app.stop());

/** Somebody with everything that an account can have, and an application that they have let in. */
async function settled(): Promise<{ person: Account; token: string }> {
  const person = await anAccount(app, new Authenticator(app.url));
  const begun = await party.begin();
  const browser = await signInFor(app, begun.url, person);
  await browser.submit({ code: await codeOf(person.secret) });
  const { location } = await browser.submit({ decision: 'allow' });
  return { person, token: (await party.finish(begun, location)).access_token };
}

async function reset({ id }: Account): Promise<void> {
  const json = { token: await anEmailTokenOf(app.db, id, 'reset_password'), password: aPerson().password };
  expect((await app.call('POST', '/api/v1/auth/password/reset', { json })).status).toBe(204);
}

/** The tables that have a row of this person which may let somebody in. */
async function waysOf({ id }: Account): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(TABLES).map(async ([table, entry]) => {
      if (typeof entry === 'string' || KEPT.has(table)) return [];
      const live = table === 'sessions' ? ' AND ended_at IS NULL' : '';
      const rows = await app.db.query(`SELECT 1 FROM ${table} WHERE ${entry.mine}${live}`, [id]);
      return rows.length > 0 ? [table] : [];
    }),
  );
  return found.flat().toSorted();
}

describe('POST /api/v1/auth/password/reset', () => {
  it('takes all that lets anybody in from an account that nobody had proved to be theirs ("trojan identifier")', async () => {
    const { person, token } = await settled();
    await app.db.query('UPDATE users SET email_verified_at = NULL WHERE id = $1', [person.id]);
    const credentials = [{ key: person.secondKey }, { token: person.token }, { token }];
    const ask = () => Promise.all(credentials.map(async (one) => (await app.call('GET', '/api/v1/data', one)).status));
    expect(await ask()).toEqual([200, 200, 200]);
    expect(await waysOf(person)).toEqual([
      'api_keys',
      'oauth_clients',
      'oauth_grants',
      'outside_accounts',
      'passkeys',
      'recovery_codes',
      'sessions',
      'totp_factors',
    ]);
    await reset(person);
    expect(await waysOf(person)).toEqual([]);
    expect(await ask()).toEqual([401, 401, 401]);
    const audited = await app.db.query(
      `SELECT 1 FROM audit_events WHERE action = 'user.reclaimed' AND target_id = $1`,
      [person.id],
    );
    expect(audited).toHaveLength(1);
  });

  it('leaves it to who has always been its owner', async () => {
    const { person } = await settled();
    const before = await waysOf(person);
    await reset(person);
    expect(await waysOf(person)).toEqual(before.filter((table) => table !== 'sessions'));
  });
});
