import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { Browse, type Visited } from './support/browse.js';
import { aPerson } from './support/factories.js';
import { begin, CALLBACK, CREDENTIALS, peopleWith } from './support/outside.js';
import { type PlainServer, PROOF, startPlain } from './support/plain-providers.js';

let app: TestApp;
let github: PlainServer;
let facebook: PlainServer;
let browser: Browse;

beforeAll(async () => {
  const port = await freePort();
  [github, facebook] = [await startPlain('/login/access_token'), await startPlain('/v9/oauth/access_token')];
  const OIDC_PROVIDERS = JSON.stringify([
    { kind: 'github', name: 'github', label: 'GitHub', ...at(github, '/login', '/api'), ...CREDENTIALS },
    { kind: 'facebook', name: 'facebook', label: 'Facebook', ...at(facebook, '', '/v9'), ...CREDENTIALS },
  ]);
  app = await startApp({ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}`, OIDC_PROVIDERS });
});
afterAll(async () => {
  await Promise.all([app, github, facebook].map((each) => each.stop()));
});
beforeEach(() => {
  browser = new Browse(app.url);
});

const at = ({ url }: PlainServer, issuer: string, api: string) => ({ issuer: url + issuer, apiUrl: url + api });
const signIn = async (provider: PlainServer, name: string): Promise<Visited> =>
  browser.get(provider.back(await begin(browser, name)));
const codeOn = ({ html }: Visited) => /<code>(\w+)<\/code>/.exec(html)?.[1];

describe('sign-in with GitHub', () => {
  const emails = (primary: object) => [
    { email: aPerson().email, primary: false, verified: true },
    { email: aPerson().email, primary: true, ...primary },
  ];
  const knowing = (id: unknown, list: object[]) => {
    github.answers = {
      '/api/user': { id, login: 'octo', name: 'Octo Cat', email: 'shown@example.com' },
      '/api/user/emails': list,
    };
    return String((list.at(-1) as { email?: string }).email);
  };

  it('asks for what it needs, with a challenge', async () => {
    const asked = await begin(browser, 'github');
    expect(asked.href.split('?')[0]).toBe(`${github.url}/login/authorize`);
    expect(asked.searchParams.get('redirect_uri')).toBe(`${app.url}${CALLBACK('github')}`);
    expect(asked.searchParams.get('scope')).toBe('read:user user:email');
    expect([...asked.searchParams.keys()]).not.toContain('nonce');
    expect(asked.searchParams.get('code_challenge_method')).toBe('S256');
  });

  it('takes the first address of the person when it is verified, and their number', async () => {
    const email = knowing(4711, emails({ verified: true }));
    expect((await signIn(github, 'github')).html).toContain(email);
    expect(await peopleWith(app, email)).toMatchObject([{ verified: true, subject: '4711' }]);
    expect(github.asked.map(({ path, agent }) => [path, agent])).toEqual([
      ['/api/user', 'Rampart'],
      ['/api/user/emails', 'Rampart'],
    ]);
  });

  it('takes none for verified that is not, nor another one in its place', async () => {
    for (const verified of [false, undefined, 'true']) {
      browser = new Browse(app.url);
      const email = knowing(100 + github.asked.length, emails({ verified }));
      await signIn(github, 'github');
      expect(await peopleWith(app, email)).toMatchObject([{ verified: false }]);
    }
    expect(await peopleWith(app, 'shown@example.com')).toEqual([]);
  });

  it('needs a number and an address', async () => {
    for (const id of ['1', 1.5, null, undefined, {}]) {
      knowing(id, emails({ verified: true }));
      expect(codeOn(await signIn(github, 'github'))).toBe('outside_login_invalid');
    }
    github.answers = { '/api/user': { id: 5 }, '/api/user/emails': [] };
    expect(codeOn(await signIn(github, 'github'))).toBe('outside_email_missing');
  });

  it('is refused with a code that is not ours, and with one that was used', async () => {
    knowing(6, emails({ verified: true }));
    const asked = await begin(browser, 'github');
    const query = `?code=stolen&state=${asked.searchParams.get('state')}`;
    expect((await browser.get(`${CALLBACK('github')}${query}`)).status).toBeGreaterThanOrEqual(400);
    expect(browser.cookies().has('__Host-session')).toBe(false);
  });

  it('waits for better times when the API answers nothing that it should', async () => {
    for (const answer of [401, 403, 404, 500, 302]) {
      github.answers = { '/api/user': answer };
      expect(codeOn(await signIn(github, 'github'))).toBe('provider_unavailable');
    }
  });
});

describe('an answer for another provider', () => {
  it('is brought to none of the two, though neither says who it is (RFC 9700 section 4.4.2.2)', async () => {
    const back = facebook.back(await begin(browser, 'facebook'));
    const before = [github.redeemed, facebook.redeemed];
    const page = await browser.get(back.replace(CALLBACK('facebook'), CALLBACK('github')));
    expect([page.status, codeOn(page)]).toEqual([400, 'outside_login_invalid']);
    expect([github.redeemed, facebook.redeemed]).toEqual(before);
  });
});

describe('sign-in with Facebook', () => {
  it('takes no address for verified, and shows that we are the app', async () => {
    const { email } = aPerson();
    facebook.answers = { '/v9/me': { id: '12345678901234567', name: 'Some Body', email } };
    expect((await signIn(facebook, 'facebook')).html).toContain(email);
    expect(await peopleWith(app, email)).toMatchObject([{ verified: false, subject: '12345678901234567' }]);
    const [{ query } = { query: new URLSearchParams() }] = facebook.asked;
    expect(Object.fromEntries(query)).toEqual({ fields: 'id,name,email', appsecret_proof: PROOF });
    expect((await begin(browser, 'facebook')).pathname).toBe('/v9/dialog/oauth');
  });

  it('needs an address, which not everybody there has', async () => {
    facebook.answers = { '/v9/me': { id: '9', name: 'Some Body' } };
    expect(codeOn(await signIn(facebook, 'facebook'))).toBe('outside_email_missing');
  });
});
