import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asAdmin, asReader, asUser, type TestCaller, withKey } from '../support/callers.js';
import { aRecord } from '../support/factories.js';
import type { RequestOptions } from '../support/http.js';
import { exhaust, exhausted, outcome, startWall, WALL, type Wall } from '../support/wall.js';

let app: Wall;
let user: TestCaller;
let stranger: TestCaller;
/** A record of the user's, and a key of theirs that may read records alone. */
let path: string;
let key: string;

beforeAll(async () => {
  app = await startWall();
  [user, stranger] = [await asUser(app), await asUser(app)];
  const { body } = await user.call('POST', '/api/v1/data', { json: aRecord() });
  path = `/api/v1/data/${body.id}`;
  ({ key } = await withKey(app, user));
});

afterAll(() => app.stop());

const MALFORMED: RequestOptions = { raw: '{' };
const LARGE: RequestOptions = { raw: ' '.repeat(102_401) };
const FOREIGN: RequestOptions = { raw: '<', type: 'text/xml' };

/** From an address where this many requests of nobody were made before, which is as many as the limit takes. */
const whereNobodyMayAsk = async () => {
  const here = app.from(app.address());
  await exhaust(WALL.anonymous, () => here('GET', '/api/v1/users/me'));
  return here;
};

describe('when two layers would refuse, the outer one does', () => {
  it('the limit of an address before everything: body, credentials, and who asks', async () => {
    const here = app.from(app.address());
    await exhaust(WALL.address, () => here('GET', '/health/live'));
    const answers = [
      await here('POST', '/api/v1/auth/login', LARGE),
      await here('POST', '/api/v1/auth/login', MALFORMED),
      await here('GET', '/api/v1/users/me', { key: 'x', token: 'y' }),
      await here('GET', '/nowhere'),
      await here('OPTIONS', '/api/v1/data'),
      await here('GET', '/api/v1/data/%zz'),
    ];
    expect(answers.map(outcome)).toEqual(answers.map(() => '429 rate_limited'));
    expect(answers.map(exhausted)).toEqual(answers.map(() => ['address']));
  });

  it('the sensitive limit before the body', async () => {
    const here = app.from(app.address());
    await exhaust(WALL.sensitive, () => here('POST', '/api/v1/auth/login', MALFORMED));
    const answer = await here('POST', '/api/v1/auth/login', MALFORMED);
    expect([outcome(answer), exhausted(answer)]).toEqual(['429 rate_limited', ['sensitive']]);
  });

  it('the body before the credential: size, then type, then form', async () => {
    const ambiguous = { key: 'x', token: 'y' };
    const answers = await Promise.all(
      [LARGE, FOREIGN, MALFORMED].map((each) => app.call('POST', '/api/v1/data', { ...each, ...ambiguous })),
    );
    const largeAndForeign = await app.call('POST', '/api/v1/data', { ...LARGE, type: 'text/xml' });
    expect([...answers, largeAndForeign].map(outcome)).toEqual([
      '413 body_too_large',
      '415 media_type_unsupported',
      '400 body_malformed',
      '413 body_too_large',
    ]);
  });

  it('two credentials before a bad one, also where nobody is asked for one', async () => {
    const secret = await app.call('GET', '/api/v1/users/me', { key, token: 'x' });
    const open = await app.call('POST', '/api/v1/auth/login', { key, token: 'x', json: {} });
    expect([secret, open].map(outcome)).toEqual(Array(2).fill('400 credentials_ambiguous'));
  });

  it.each<[string, RequestOptions]>([
    ['no credential', {}],
    ['a bad token', { token: 'x' }],
    ['a bad key', { key: 'x' }],
    ['two credentials', { token: 'x', key: 'x' }],
    ['a body too large', LARGE],
    ['a foreign media type', FOREIGN],
    ['a malformed body', MALFORMED],
  ])('the anonymous limit in place of the refusal: %s', async (_, options) => {
    const here = await whereNobodyMayAsk();
    const answer = await here('POST', '/api/v1/data', options);
    expect([outcome(answer), exhausted(answer)]).toEqual(['429 rate_limited', ['anonymous']]);
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  it('the anonymous limit in place of 404, 405, a bad URL and OPTIONS', async () => {
    const here = await whereNobodyMayAsk();
    const answers = [
      await here('GET', '/nowhere'),
      await here('PUT', '/api/v1/data'),
      await here('GET', '/api/v1/data/%zz'),
      await here('GET', `/api/v1/data/${'x'.repeat(300)}`),
      await here('OPTIONS', '/api/v1/data'),
    ];
    expect(answers.map(outcome)).toEqual(answers.map(() => '429 rate_limited'));
  });

  it('the limit of a principal before their permissions and their input', async () => {
    const busy = await asUser(app);
    await exhaust(WALL.principal, () => busy.call('GET', '/api/v1/users/me'));
    const answers = [
      await busy.call('GET', '/api/v1/users'),
      await busy.call('POST', '/api/v1/users', { json: {} }),
      await busy.call('GET', '/api/v1/data?x=1'),
      await busy.call('GET', '/api/v1/data/1'),
    ];
    expect(answers.map(outcome)).toEqual(answers.map(() => '429 rate_limited'));
  });

  it('a refused credential before the limit of the principal it names', async () => {
    const busy = await asUser(app);
    await exhaust(WALL.principal, () => busy.call('GET', '/api/v1/users/me'));
    const answer = await app.call('GET', '/api/v1/users/me', { token: `${busy.token}x` });
    expect(outcome(answer)).toBe('401 token_invalid');
  });

  it('the first party before the scope', async () => {
    const answer = await app.call('POST', '/api/v1/api-keys', { key, json: {} });
    expect(outcome(answer)).toBe('403 first_party_required');
  });

  it('the role before the scope', async () => {
    expect(outcome(await user.call('PATCH', `/api/v1/users/${stranger.id}`, { json: {} }))).toBe('403 role_required');
  });

  it('the scope before the input, and before whose record it is', async () => {
    const reader = await asReader(app);
    const answers = [
      await reader.call('PATCH', `${path}?x=1`, { json: { unknown: 1 } }),
      await app.call('PATCH', '/api/v1/data/1', { key, json: {} }),
      await app.call('POST', '/api/v1/data', { key, json: {} }),
    ];
    expect(answers.map(outcome)).toEqual(answers.map(() => '403 insufficient_scope'));
  });

  it('the unexpected before the invalid', async () => {
    const { body } = await user.call('PATCH', '/api/v1/users/me?x=1', { json: { username: '' } });
    expect([body.code, body.errors]).toEqual([
      'validation_failed',
      [expect.objectContaining({ code: 'query_parameter_unknown', pointer: 'x' })],
    ]);
  });

  it('the input before whose record it is', async () => {
    const answer = await stranger.call('PATCH', path, { json: { name: '' }, headers: { 'if-match': '*' } });
    expect(outcome(answer)).toBe('400 validation_failed');
  });

  it('whose record it is before its preconditions', async () => {
    const answers = [
      await stranger.call('PATCH', path, { json: { name: 'x' } }),
      await stranger.call('PATCH', path, { json: { name: 'x' }, headers: { 'if-match': '"9"' } }),
      await stranger.call('DELETE', path),
    ];
    expect(answers.map(outcome)).toEqual(answers.map(() => '404 not_found'));
  });

  it('the precondition before what the record may become', async () => {
    const lesser = await withKey(app, user, { scopes: ['data:read', 'data:write'] });
    const restricted = { json: { classification: 'restricted' } };
    const blind = await lesser.call('PATCH', path, restricted);
    const known = await lesser.call('PATCH', path, { ...restricted, headers: { 'if-match': '"1"' } });
    expect([blind, known].map(outcome)).toEqual(['428 precondition_required', '403 insufficient_scope']);
  });

  it('the input before the constraint that it would meet', async () => {
    const admin = await asAdmin(app);
    const json = { email: user.email, username: 'x' };
    const invalid = await admin.call('POST', '/api/v1/users', { json });
    const taken = await admin.call('POST', '/api/v1/users', { json: { email: user.email } });
    expect([invalid, taken].map(outcome)).toEqual(['400 validation_failed', '409 email_taken']);
  });
});
