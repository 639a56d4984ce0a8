import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { Browse, type Visited } from './support/browse.js';
import { asUser, type TestCaller } from './support/callers.js';
import { aPerson } from './support/factories.js';
import { CALLBACK, CREDENTIALS, type OpenIdServer, peopleWith, signInBy, startOpenId } from './support/outside.js';
import { anEmailTokenOf } from './support/rows.js';
import { withTotp } from './support/totp.js';

let app: TestApp;
let idp: OpenIdServer;
let lax: OpenIdServer;

beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  idp = await startOpenId(`${url}${CALLBACK('sso')}`);
  lax = await startOpenId(`${url}${CALLBACK('lax')}`);
  const providers = (...list: [string, OpenIdServer][]) =>
    JSON.stringify(list.map(([name, { url: issuer }]) => ({ name, label: name, issuer, ...CREDENTIALS })));
  const OIDC_PROVIDERS = providers(['sso', idp], ['lax', lax]);
  app = await startApp({ PORT: String(port), PUBLIC_URL: url, OIDC_PROVIDERS });
});
afterAll(async () => {
  await Promise.all([app, idp, lax].map((each) => each.stop()));
});

let owner: TestCaller;
beforeEach(async () => {
  owner = await asUser(app);
});

let people = 0;
const as = (email: string, changes: object = {}) => {
  people += 1;
  return { sub: `taker-${people}`, email, email_verified: true, ...changes };
};
const confirm = ({ id }: { id: string }) =>
  app.db.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [id]);
const codeOn = ({ html }: Visited) => /<code>(\w+)<\/code>/.exec(html)?.[1];
const linksOf = (id: string) => app.db.query('SELECT subject FROM outside_accounts WHERE user_id = $1', [id]);

/** A page that says to sign in as before; nobody is in, and nothing is linked. */
async function expectKeptOut([browser, page]: [Browse, Visited]): Promise<void> {
  expect([page.status, codeOn(page)]).toEqual([409, 'link_required']);
  expect(browser.cookies().has('__Host-session')).toBe(false);
  expect(await linksOf(owner.id)).toEqual([]);
}

async function come(person: OpenIdServer['person'], by = idp, name = 'sso'): Promise<[Browse, Visited]> {
  by.person = person;
  const browser = new Browse(app.url);
  return [browser, await signInBy(browser, by, name)];
}

describe('an account with the address of who comes for the first time', () => {
  it('is joined where both sides have proved the address, and its owner is told', async () => {
    await confirm(owner);
    const [, page] = await come(as(owner.email.toUpperCase()));
    expect([page.status, page.html.includes(owner.email)]).toEqual([200, true]);
    expect(await linksOf(owner.id)).toHaveLength(1);
    const told = await app.db.query('SELECT kind FROM security_events WHERE user_id = $1', [owner.id]);
    expect(told).toContainEqual({ kind: 'outside_account.linked' });
  });

  it('is not joined by a provider that has not proved it ("non-verifying IdP")', async () => {
    await confirm(owner);
    for (const email_verified of [false, undefined, 'true', 1, null]) {
      await expectKeptOut(await come(as(owner.email, { email_verified })));
    }
  });

  it('is not joined where its owner has not proved it: somebody else may have made it ("classic-federated merge")', async () => {
    await expectKeptOut(await come(as(owner.email)));
  });

  it('is not joined by an address that only looks the same to us', async () => {
    await confirm(owner);
    // The sign of Kelvin, and letters of full width.
    for (const local of [owner.email.replace('person', 'ｐerson'), owner.email.replace('@', '\u212a@')]) {
      await app.db.query(
        `UPDATE users SET email = replace(email, '@', 'k@'), email_key = replace(email_key, '@', 'k@')
        WHERE id = $1 AND $2`,
        [owner.id, local.includes('\u212a')],
      );
      await expectKeptOut(await come(as(local)));
    }
  });

  it('is not joined by what a second factor would have to be shown for', async () => {
    await confirm(owner);
    await withTotp(app, owner);
    await expectKeptOut(await come(as(owner.email)));
  });

  it('is not joined by a second account of the same provider: the address may have passed to somebody else', async () => {
    await confirm(owner);
    await come(as(owner.email));
    const before = await linksOf(owner.id);
    const [browser, page] = await come(as(owner.email));
    expect([page.status, codeOn(page)]).toEqual([409, 'link_required']);
    expect(browser.cookies().has('__Host-session')).toBe(false);
    expect(await linksOf(owner.id)).toEqual(before);
  });

  it.each(['disabled', 'invited'])('is not joined when it is %s', async (status) => {
    await confirm(owner);
    await app.db.query('UPDATE users SET status = $2 WHERE id = $1', [owner.id, status]);
    await expectKeptOut(await come(as(owner.email)));
  });
});

describe('whoever made an account with an address that is not theirs', () => {
  const reset = async (id: string) => {
    const { password } = aPerson();
    const json = { token: await anEmailTokenOf(app.db, id, 'reset_password'), password };
    expect((await app.call('POST', '/api/v1/auth/password/reset', { json })).status).toBe(204);
    return password;
  };

  it('loses what they linked to it when its owner claims it by mail ("trojan identifier")', async () => {
    const { email } = aPerson();
    const trojan = as(email, { email_verified: false });
    const [attacker, page] = await come(trojan, lax, 'lax');
    expect(page.status).toBe(200);
    const [row] = await peopleWith(app, email);
    await reset(row?.id ?? '');
    expect(await linksOf(row?.id ?? '')).toEqual([]);
    // "Unexpired session": what was begun before is over too.
    expect(new URL((await attacker.get('/account')).url).pathname).toBe('/login');
    const [, again] = await come(trojan, lax, 'lax');
    expect(codeOn(again)).toBe('link_required');
    // Now the address is proved on both sides.
    const [, theirs] = await come(as(email));
    expect([theirs.status, theirs.html.includes(email)]).toEqual([200, true]);
  });

  it('keep what they have linked when they reset the password of an account that was always theirs', async () => {
    await confirm(owner);
    await come(as(owner.email));
    await reset(owner.id);
    expect(await linksOf(owner.id)).toHaveLength(1);
  });
});

describe('who is disabled', () => {
  it('does not come in', async () => {
    await confirm(owner);
    const person = as(owner.email);
    await come(person);
    await app.db.query(`UPDATE users SET status = 'disabled' WHERE id = $1`, [owner.id]);
    const [browser, page] = await come(person);
    expect([page.status, codeOn(page)]).toEqual([400, 'outside_login_invalid']);
    expect(browser.cookies().has('__Host-session')).toBe(false);
  });
});

describe('a name that was given to another issuer', () => {
  it('lets nobody in by what was linked before', async () => {
    await app.db.query('INSERT INTO outside_accounts VALUES (gen_random_uuid(), $1, $2, $3, $4)', [
      owner.id,
      'sso',
      'https://before.example',
      'same-number',
    ]);
    const [browser, page] = await come({ sub: 'same-number', email: aPerson().email, email_verified: true });
    expect([page.status, codeOn(page)]).toEqual([409, 'outside_account_taken']);
    expect(browser.cookies().has('__Host-session')).toBe(false);
  });
});
