import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { asAdmin, asUser, type TestCaller, withKey } from '../support/callers.js';
import { aKey, aPerson, aRecord } from '../support/factories.js';
import { outcome } from '../support/wall.js';

let app: TestApp;
let user: TestCaller;
let admin: TestCaller;

beforeAll(async () => {
  app = await startApp();
  [user, admin] = [await asUser(app), await asAdmin(app)];
});

afterAll(() => app.stop());

const invite = (caller: TestCaller) => caller.call('POST', '/api/v1/users', { json: { email: aPerson().email } });

describe('permission', () => {
  it('first party: refuses a key that has every scope', async () => {
    const { call } = await withKey(app, user, { scopes: ['sessions:read'] });
    const path = '/api/v1/auth/sessions';
    expect([outcome(await user.call('GET', path)), outcome(await call('GET', path))]).toEqual([
      '200',
      '403 first_party_required',
    ]);
  });

  // The scope that such a route names is the administrator's alone today: the role is the second lock on the same door.
  it('role: refuses whoever is no administrator', async () => {
    expect([outcome(await invite(admin)), outcome(await invite(user))]).toEqual(['201', '403 role_required']);
  });

  it('scope: refuses a key of an owner who may, and names what is needed', async () => {
    const { call } = await withKey(app, user, { scopes: ['data:read'] });
    const refused = await call('POST', '/api/v1/data', { json: aRecord() });
    expect([outcome(await call('GET', '/api/v1/data')), outcome(refused)]).toEqual(['200', '403 insufficient_scope']);
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer realm="rampart", error="insufficient_scope", scope="data:write"',
    );
  });
});

describe('the input', () => {
  it('unexpected: refuses a query and a body where the route takes none', async () => {
    const query = await user.call('GET', '/api/v1/users/me?x=1');
    const body = await user.call('DELETE', '/api/v1/auth/sessions', { json: { x: 1 } });
    const neither = await user.call('DELETE', '/api/v1/auth/sessions', { json: {} });
    expect([query, body, neither].map(outcome)).toEqual(['400 validation_failed', '400 validation_failed', '204']);
    expect([query.body.errors[0].code, body.body.errors[0].code]).toEqual([
      'query_parameter_unknown',
      'member_unknown',
    ]);
  });

  it('validation: refuses what breaks a rule, what is unknown and an id that is none', async () => {
    const rule = await user.call('POST', '/api/v1/data', { json: aRecord({ name: '' }) });
    const unknown = await user.call('POST', '/api/v1/data', { json: aRecord({ owner: randomUUID() }) });
    const id = await user.call('GET', '/api/v1/data/1');
    expect([rule, unknown, id].map(outcome)).toEqual(Array(3).fill('400 validation_failed'));
    expect([rule, unknown, id].map(({ body }) => body.errors[0].code)).toEqual(['text', 'unknown', 'uuid']);
  });
});

describe('the service', () => {
  it('grants nobody what they do not hold', async () => {
    const held = await user.call('POST', '/api/v1/api-keys', { json: aKey({ scopes: ['data:read'] }) });
    const more = await user.call('POST', '/api/v1/api-keys', { json: aKey({ scopes: ['users:read'] }) });
    expect([held, more].map(outcome)).toEqual(['201', '403 scope_not_held']);
  });

  it('hides the record of somebody else, from an administrator too', async () => {
    const { body } = await user.call('POST', '/api/v1/data', { json: aRecord() });
    const path = `/api/v1/data/${body.id}`;
    const answers = [
      await user.call('GET', path),
      await (await asUser(app)).call('GET', path),
      await admin.call('GET', path),
    ];
    expect(answers.map(outcome)).toEqual(['200', '404 not_found', '404 not_found']);
  });

  it('hides a restricted record from its own owner without the scope', async () => {
    const { body } = await user.call('POST', '/api/v1/data', { json: aRecord({ classification: 'restricted' }) });
    const path = `/api/v1/data/${body.id}`;
    const [lesser, full] = [
      await withKey(app, user),
      await withKey(app, user, { scopes: ['data:read', 'data:restricted'] }),
    ];
    expect([outcome(await full.call('GET', path)), outcome(await lesser.call('GET', path))]).toEqual([
      '200',
      '404 not_found',
    ]);
  });

  it('changes nothing blindly and nothing that has changed since', async () => {
    const { body } = await user.call('POST', '/api/v1/data', { json: aRecord() });
    const patch = (headers: Record<string, string>) =>
      user.call('PATCH', `/api/v1/data/${body.id}`, { json: { name: 'new' }, headers });
    const answers = [await patch({}), await patch({ 'if-match': '"7"' }), await patch({ 'if-match': '"1"' })];
    expect(answers.map(outcome)).toEqual(['428 precondition_required', '412 precondition_failed', '200']);
  });
});

describe('the constraints of the database', () => {
  it('refuse the second of two who want one name at the same moment, which no question before could', async () => {
    const username = `name-${randomUUID().slice(0, 8)}`;
    const others = await Promise.all([asUser(app), asUser(app)]);
    const wanting = [user, ...others].map((each) => each.call('PATCH', '/api/v1/users/me', { json: { username } }));
    const outcomes = (await Promise.all(wanting)).map(outcome);
    expect(outcomes.toSorted()).toEqual(['200', '409 username_taken', '409 username_taken']);
  });

  it('refuse an address that is taken, where an administrator may know', async () => {
    const answer = await admin.call('POST', '/api/v1/users', { json: { email: user.email.toUpperCase() } });
    expect(outcome(answer)).toBe('409 email_taken');
  });
});
