import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readEnv, SettingsError } from '../src/config/env.js';

const MARKER = 'm4rk3r';
const good = {
  DATABASE_URL: 'postgres://u:p@127.0.0.1/d',
  SECRET_KEY: randomBytes(32).toString('base64'),
  PUBLIC_URL: 'https://api.example.com',
};
const google = {
  name: 'google',
  label: 'Google',
  issuer: 'https://accounts.google.com',
  clientId: 'an-id',
  clientSecret: 'a-secret',
};
const github = { kind: 'github', name: 'github', label: 'GitHub', clientId: 'an-id', clientSecret: 'a-secret' };

const read = async (list: unknown, settings: object = {}) =>
  (await readEnv({ ...good, OIDC_PROVIDERS: typeof list === 'string' ? list : JSON.stringify(list), ...settings }))
    .OIDC_PROVIDERS;

async function problemOf(list: unknown, settings: object = {}): Promise<string> {
  const error: unknown = await read(list, settings).catch((reason: unknown) => reason);
  if (!(error instanceof SettingsError)) throw new Error('the settings were accepted', { cause: error });
  expect(error.problems).toHaveLength(1);
  return error.problems[0] ?? '';
}

describe('OIDC_PROVIDERS', () => {
  it('names providers of OpenID Connect, and others by their kind', async () => {
    const [one, other] = await read([google, github]);
    expect(one).toEqual({ ...google, kind: 'oidc', apiUrl: '', scopes: ['openid', 'email', 'profile'] });
    expect(other).toEqual({
      ...github,
      issuer: 'https://github.com/login/oauth',
      apiUrl: 'https://api.github.com',
      scopes: ['read:user', 'user:email'],
    });
    expect(await read('[]')).toEqual([]);
  });

  it.each([
    ['{}', 'must be a list of objects in JSON'],
    [`[${MARKER}`, 'must be a list of objects in JSON'],
    [[MARKER], 'must be a list of objects in JSON'],
    [[null], 'must be a list of objects in JSON'],
    [[google, google], 'must give each provider a name of its own'],
    [Array.from({ length: 21 }, (_, i) => ({ ...google, name: `p${i}` })), 'must name at most 20 providers'],
    [[{ ...google, [MARKER]: 1 }], 'in provider 1: a member is none of'],
    [[google, { ...github, kind: MARKER }], 'in provider 2: kind must be one of oidc, github, facebook'],
    [[{ ...google, kind: 'toString' }], 'in provider 1: kind must be'],
  ])('refuses %j', async (list, sentence) => {
    const problem = await problemOf(list);
    expect(problem.startsWith(`OIDC_PROVIDERS ${sentence}`)).toBe(true);
    expect(problem).not.toContain(MARKER);
  });

  const wrong: Readonly<Record<string, unknown[]>> = {
    name: [undefined, '', 'Google', `${MARKER}_`, 'a/b', '..', 'x'.repeat(31), 5],
    label: [undefined, '', ' Google', 'x'.repeat(51), 'a\nb', {}],
    issuer: [
      undefined,
      '',
      MARKER,
      'http://accounts.google.com',
      'ftp://127.0.0.1',
      'https://a.example/?x=1',
      'https://a.example/#x',
      'https://a.example/#',
      `https://u:${MARKER}@a.example`,
      'http://localhost.example',
      5,
    ],
    apiUrl: ['https://api.example.com', 5],
    clientId: [undefined, '', 'ü', 'a\nb', 5],
    clientSecret: [undefined, '', 'ü', 'a\nb', 5],
    scopes: [undefined, [], ['email'], ['openid', ''], ['openid', 'a b'], 'openid', [5]],
  };
  const cases = Object.entries(wrong).flatMap(([member, values]) =>
    // Scopes need not be said.
    values.filter((value) => !(member === 'scopes' && value === undefined)).map((value) => [member, value] as const),
  );
  it.each(cases)('refuses a provider whose %s is %j', async (member, value) => {
    const problem = await problemOf([{ ...google, [member]: value }]);
    expect(problem.startsWith(`OIDC_PROVIDERS in provider 1: ${member} `)).toBe(true);
    expect(problem).not.toContain(MARKER);
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost/realms/one', 'http://[::1]:1'])(
    'takes %s on this machine, and not in production',
    async (issuer) => {
      expect(await read([{ ...google, issuer }])).toMatchObject([{ issuer }]);
      const problem = await problemOf([{ ...google, issuer }], { NODE_ENV: 'production' });
      expect(problem).toBe('OIDC_PROVIDERS must have https URLs in production');
    },
  );

  it('takes servers of GitHub Enterprise', async () => {
    const urls = { issuer: 'https://git.example/login/oauth', apiUrl: 'https://git.example/api/v3' };
    expect(await read([{ ...github, ...urls }])).toMatchObject([urls]);
    const problem = await problemOf([{ ...github, apiUrl: 'http://git.example' }]);
    expect(problem).toContain('in provider 1: apiUrl ');
  });
});
