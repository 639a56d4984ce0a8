import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asAdmin, asUser, type TestCaller, withKey } from '../support/callers.js';
import { aPerson, aRecord } from '../support/factories.js';
import { exhaust, exhausted, outcome, startWall, WALL, type Wall } from '../support/wall.js';

let app: Wall;
let user: TestCaller;
let admin: TestCaller;

beforeAll(async () => {
  app = await startWall();
});

afterAll(() => app.stop());

// New people each time, so that no test can use up what another counts on.
const people = async () => {
  [user, admin] = await Promise.all([asUser(app), asAdmin(app)]);
};

describe('limits by address', () => {
  it('address: refuses a good request from an address that has asked too often, and from no other', async () => {
    await people();
    const [here, elsewhere] = [app.from(app.address()), app.from(app.address())];
    await exhaust(WALL.address, () => here('GET', '/health/live'));
    const refused = await here('GET', '/api/v1/users/me', { token: user.token });
    const allowed = await elsewhere('GET', '/api/v1/users/me', { token: user.token });
    expect([outcome(refused), exhausted(refused), outcome(allowed)]).toEqual(['429 rate_limited', ['address'], '200']);
  });

  it('sensitive: refuses the right password from an address that has guessed too often', async () => {
    await people();
    const [here, elsewhere] = [app.from(app.address()), app.from(app.address())];
    const { email, password } = user;
    await exhaust(WALL.sensitive, () => here('POST', '/api/v1/auth/login', { json: aPerson() }));
    const refused = await here('POST', '/api/v1/auth/login', { json: { email, password } });
    const allowed = await elsewhere('POST', '/api/v1/auth/login', { json: { email, password } });
    expect([outcome(refused), exhausted(refused), outcome(allowed)]).toEqual([
      '429 rate_limited',
      ['sensitive'],
      '200',
    ]);
  });

  it('route: refuses an export where five were made within a minute', async () => {
    await people();
    const [here, elsewhere] = [app.from(app.address()), app.from(app.address())];
    await exhaust(5, () => here('GET', '/api/v1/users/me/export', { token: user.token }));
    const refused = await here('GET', '/api/v1/users/me/export', { token: user.token });
    const allowed = await elsewhere('GET', '/api/v1/users/me/export', { token: user.token });
    expect([outcome(refused), exhausted(refused), outcome(allowed)]).toEqual(['429 rate_limited', ['route'], '200']);
  });
});

const send = (raw: string | Buffer, type = 'application/json') => user.call('POST', '/api/v1/data', { raw, type });

describe('the body', () => {
  const record = JSON.stringify(aRecord({ content: 'CONTENT' }));

  beforeAll(people);

  it('passes when it is what it says it is', async () => {
    expect(outcome(await send(record))).toBe('201');
    expect(outcome(await send(record, 'application/json; charset=UTF-8'))).toBe('201');
  });

  it.each([
    ['too large', '413 body_too_large', () => send(`${record}${' '.repeat(102_400)}`)],
    ['of another media type', '415 media_type_unsupported', () => send(record, 'text/plain')],
    ['of another charset', '415 media_type_unsupported', () => send(record, 'application/json; charset=utf-16')],
    [
      'a merge patch where none is taken',
      '415 media_type_unsupported',
      () => send(record, 'application/merge-patch+json'),
    ],
    ['no JSON', '400 body_malformed', () => send(`${record},`)],
    ['not UTF-8', '400 body_malformed', () => send(Buffer.from(record.replace('CONTENT', '\u00ff'), 'latin1'))],
    ['with __proto__', '400 body_forbidden_member', () => send(record.replace('"CONTENT"', '{"__proto__":1}'))],
    ['with U+0000', '400 body_invalid_string', () => send(record.replace('CONTENT', '\\u0000'))],
    ['with half a character', '400 body_invalid_string', () => send(record.replace('CONTENT', '\\ud800'))],
    ['with a number too large', '400 body_invalid_number', () => send(record.replace('"CONTENT"', '1e309'))],
  ])('is refused when it is %s', async (_, expected, call) => {
    expect(outcome(await call())).toBe(expected);
  });
});

describe('the credential', () => {
  beforeAll(people);

  it('passes as a token and as a key, alone', async () => {
    const { key } = await withKey(app, user, { scopes: ['profile:read'] });
    const byKey = await app.call('GET', '/api/v1/users/me', { key });
    expect([outcome(await user.call('GET', '/api/v1/users/me')), outcome(byKey)]).toEqual(['200', '200']);
  });

  it('is refused when there are two, good ones too, and on public routes too', async () => {
    const { key } = await withKey(app, user, { scopes: ['profile:read'] });
    const both = await app.call('GET', '/api/v1/users/me', { key, token: user.token });
    const broken = await app.call('GET', '/api/v1/users/me', { key: 'x', token: user.token });
    const open = await app.call('GET', '/health/live', { key: 'x', token: 'y' });
    expect([both, broken, open].map(outcome)).toEqual(Array(3).fill('400 credentials_ambiguous'));
  });

  it('is not looked at on a public route, whatever it is', async () => {
    const fields = ['Bearer x', 'Basic YTpi', 'nonsense', ''].map((authorization) => ({ headers: { authorization } }));
    const answers = await Promise.all([...fields, { key: 'x' }].map((each) => app.call('GET', '/health/live', each)));
    expect(answers.map(outcome)).toEqual(answers.map(() => '200'));
  });

  it('is refused when it is none, a bad token or a bad key', async () => {
    const none = await app.call('GET', '/api/v1/users/me');
    const token = await app.call('GET', '/api/v1/users/me', { token: `${user.token}x` });
    const key = await app.call('GET', '/api/v1/users/me', { key: `rmp_test_${'a'.repeat(61)}` });
    expect([none, token, key].map(outcome)).toEqual([
      '401 authentication_required',
      '401 token_invalid',
      '401 key_invalid',
    ]);
  });

  it('is refused as a good key from a network it is not for', async () => {
    const { key } = await withKey(app, user, { scopes: ['profile:read'], allowedCidrs: ['203.0.113.0/24'] });
    const inside = await app.from('203.0.113.77')('GET', '/api/v1/users/me', { key });
    const outside = await app.from('203.0.114.77')('GET', '/api/v1/users/me', { key });
    expect([inside, outside].map(outcome)).toEqual(['200', '401 key_invalid']);
  });
});

describe('limits by who asks', () => {
  it('anonymous: refuses nobody from an address where nobody has asked too often, and still serves somebody', async () => {
    await people();
    const here = app.from(app.address());
    await exhaust(WALL.anonymous, () => here('GET', '/api/v1/users/me'));
    const refused = await here('GET', '/api/v1/users/me');
    const allowed = await here('GET', '/api/v1/users/me', { token: user.token });
    expect([outcome(refused), exhausted(refused), outcome(allowed)]).toEqual([
      '429 rate_limited',
      ['anonymous'],
      '200',
    ]);
  });

  it('principal: refuses a person wherever they call from, and nobody else', async () => {
    await people();
    await exhaust(WALL.principal, () => user.call('GET', '/api/v1/users/me'));
    const refused = await user.call('GET', '/api/v1/users/me');
    expect([outcome(refused), exhausted(refused)]).toEqual(['429 rate_limited', ['principal']]);
    expect(outcome(await admin.call('GET', '/api/v1/users/me'))).toBe('200');
  });

  it('key: refuses a key by its own limit, and not its owner', async () => {
    await people();
    const key = await withKey(app, user, { scopes: ['profile:read'], rateLimit: '3/hour' });
    await exhaust(3, () => key.call('GET', '/api/v1/users/me'));
    const refused = await key.call('GET', '/api/v1/users/me');
    expect([outcome(refused), exhausted(refused)]).toEqual(['429 rate_limited', ['key']]);
    expect(outcome(await user.call('GET', '/api/v1/users/me'))).toBe('200');
  });
});
