import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin, asUser, claimsOf, login } from './support/callers.js';
import { aPerson } from './support/factories.js';
import type { Answer } from './support/http.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const register = (json: unknown): Promise<Answer> => app.call('POST', '/api/v1/auth/register', { json });
const tryLogin = (json: unknown): Promise<Answer> => app.call('POST', '/api/v1/auth/login', { json });
const usersLike = (email: string) => app.db.query('SELECT * FROM users WHERE email_key = $1', [email.toLowerCase()]);

/** What an answer says apart from its id, its date and the counters of the caller. */
function sayingOf({ status, headers, body }: Answer) {
  const kept = [...headers].filter(([name]) => !['date', 'x-request-id', 'ratelimit'].includes(name));
  const { requestId: _, ...said } = body as Record<string, unknown>;
  return { status, headers: Object.fromEntries(kept), body: said };
}

/** An address of each kind that could be told apart. */
async function addresses(): Promise<Record<'unknown' | 'active' | 'disabled' | 'invited', string>> {
  const admin = await asAdmin(app);
  const [active, disabled] = [await asUser(app), await asUser(app)];
  await admin.call('PATCH', `/api/v1/users/${disabled.id}`, { json: { status: 'disabled' } });
  const invited = aPerson().email;
  await admin.call('POST', '/api/v1/users', { json: { email: invited } });
  return { unknown: aPerson().email, active: active.email, disabled: disabled.email, invited };
}

describe('POST /api/v1/auth/register', () => {
  it('creates an active user with the role user, without a session', async () => {
    const person = aPerson({ username: 'First Person', displayName: 'The First' });
    const answer = await register(person);
    expect([answer.status, answer.body]).toEqual([202, { status: 'accepted' }]);
    const { id, call } = await login(app, person);
    const { body } = await call('GET', '/api/v1/users/me');
    expect(body).toMatchObject({ id, email: person.email, username: 'First Person', displayName: 'The First' });
    expect(body).toMatchObject({ emailVerified: false, roles: ['user'], status: 'active' });
  });

  it('says the same of an unknown, a taken, a disabled and an invited address', async () => {
    const { unknown, ...known } = await addresses();
    const expected = sayingOf(await register(aPerson({ email: unknown })));
    expect(expected.status).toBe(202);
    for (const email of Object.values(known)) {
      expect(sayingOf(await register(aPerson({ email })))).toEqual(expected);
    }
  });

  it('changes nothing of the account whose address is sent again', async () => {
    const person = aPerson({ displayName: 'Before' });
    await register(person);
    const before = await usersLike(person.email);
    const other = aPerson({ email: person.email.toUpperCase(), displayName: 'After', username: 'after' });
    expect((await register(other)).status).toBe(202);
    expect(await usersLike(person.email)).toEqual(before);
    expect((await tryLogin({ email: person.email, password: other.password })).status).toBe(401);
    expect((await login(app, person)).email).toBe(person.email);
  });

  it('leaves a taken username out and does not say so', async () => {
    const username = 'Wanted';
    const expected = sayingOf(await register(aPerson({ username })));
    for (const again of [username, 'WANTED', 'Ｗanted']) {
      const person = aPerson({ username: again, displayName: 'kept' });
      expect(sayingOf(await register(person))).toEqual(expected);
      const { body } = await (await login(app, person)).call('GET', '/api/v1/users/me');
      expect(body).toMatchObject({ username: null, displayName: 'kept' });
    }
  });

  it('makes one account of 20 simultaneous registrations of one address', async () => {
    const person = aPerson({ username: 'only one' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => register(person)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(await usersLike(person.email)).toHaveLength(1);
  });
});

describe('POST /api/v1/auth/login', () => {
  it('answers with tokens in the names of RFC 6749', async () => {
    const { id, email, password } = await asUser(app);
    const { status, headers, body } = await tryLogin({ email, password });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(Object.keys(body)).toEqual(['access_token', 'token_type', 'expires_in', 'refresh_token', 'scope']);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
    const claims = claimsOf(body.access_token);
    expect(claims).toMatchObject({ sub: id, client_id: 'first-party', scope: body.scope });
    expect(Number(claims.exp) - Number(claims.iat)).toBe(600);
    expect(claims).not.toHaveProperty('roles');
    expect(Buffer.from(body.refresh_token, 'base64url')).toHaveLength(32);
  });

  it('says the same of an unknown, a disabled and an invited address and of a wrong password', async () => {
    const { unknown, ...known } = await addresses();
    const { password } = aPerson();
    const expected = sayingOf(await tryLogin({ email: unknown, password }));
    expect(expected).toMatchObject({ status: 401, body: { code: 'credentials_invalid' } });
    expect(expected.headers['www-authenticate']).toMatch(/^Bearer /);
    for (const email of Object.values(known)) expect(sayingOf(await tryLogin({ email, password }))).toEqual(expected);
  });

  it('says the same to a disabled person with the right password', async () => {
    const [admin, person] = [await asAdmin(app), await asUser(app)];
    await admin.call('PATCH', `/api/v1/users/${person.id}`, { json: { status: 'disabled' } });
    const unknown = await tryLogin(aPerson());
    expect(sayingOf(await tryLogin({ email: person.email, password: person.password }))).toEqual(sayingOf(unknown));
  });
});

describe('one address in several forms', () => {
  const forms = (local: string) => ({
    'as registered': `${local}@example.com`,
    'in capitals': `${local.toUpperCase()}@EXAMPLE.COM`,
    'in full width': `${local.replaceAll('k', 'ｋ')}@example.com`,
    'with a kelvin sign': `${local.replaceAll('k', '\u212a')}@example.com`,
    'with a ligature': `${local.replaceAll('fi', '\ufb01')}@example.com`,
    'with a composed letter': `${local.normalize('NFC')}@example.com`,
    'with a decomposed letter': `${local.normalize('NFD')}@example.com`,
  });

  it('is one account, in which every form logs in', async () => {
    const written = forms('kefir.fin-\u00e9t\u00e9');
    const person = aPerson({ email: written['as registered'] });
    for (const email of Object.values(written)) {
      expect([email, (await register({ ...person, email })).status]).toEqual([email, 202]);
    }
    expect(await app.db.query(`SELECT email FROM users WHERE email ILIKE 'k%fi%' OR email LIKE '%fin%'`)).toEqual([
      { email: person.email },
    ]);
    const ids = [];
    for (const email of Object.values(written)) ids.push((await login(app, { ...person, email })).id);
    expect(new Set(ids).size).toBe(1);
  });

  it('is another account where only an accent differs', async () => {
    const [plain, accented] = [aPerson({ email: 'resume@example.com' }), aPerson({ email: 'résumé@example.com' })];
    await register(plain);
    await register(accented);
    expect((await login(app, plain)).id).not.toBe((await login(app, accented)).id);
  });
});
