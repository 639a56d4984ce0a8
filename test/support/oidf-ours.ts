import { freePort } from '../../scripts/lib/network.mjs';
import { until } from '../../scripts/lib/until.mjs';
import { startApp, type TestApp } from './app.js';
import { type Browse, formsOf, type Visited } from './browse.js';
import { asAdmin, asUser, type TestCaller } from './callers.js';
import { CLIENTS, withClient } from './clients.js';
import { runCommand } from './command.js';
import { publishedKids } from './keys.js';
import { Clock } from './oidf-clock.js';
import type { OidfServer, Person, Registered, Wish } from './oidf-server.js';

const FOLLOW_MS = 10_000;
export const REDIRECT = 'https://app.example/callback';

/** This backend, on a database of its own. */
export async function startOurs(): Promise<OidfServer> {
  const port = await freePort();
  const app = await startApp({ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` });
  return new Ours(app, await asAdmin(app));
}

class Ours implements OidfServer {
  readonly origin: string;
  readonly issuer: string;
  readonly tellsLevels = true;
  private readonly clock = new Clock();

  constructor(
    private readonly app: TestApp,
    private readonly admin: TestCaller,
  ) {
    this.origin = app.url;
    this.issuer = `${app.url}/oauth`;
  }

  async register({ method, redirectUris = [REDIRECT], jwks, isFapi }: Wish): Promise<Registered> {
    return withClient(this.admin, {
      name: 'The suite',
      tokenEndpointAuthMethod: method ?? 'client_secret_basic',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris,
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      ...(jwks && { jwks }),
      ...(isFapi && { dpopBoundAccessTokens: true, requirePushedAuthorizationRequests: true }),
    });
  }

  async replaceKeys({ id }: Registered, jwks: { readonly keys: readonly object[] }): Promise<void> {
    const { status, text } = await this.admin.call('PATCH', `${CLIENTS}/${id}`, { json: { jwks } });
    if (status !== 200) throw new Error(`the keys were not replaced: ${text}`);
  }

  async person(): Promise<Person> {
    const user = await asUser(this.app);
    const name = `suite-${user.id.slice(-12)}`;
    const { status, text } = await user.call('PATCH', '/api/v1/users/me', {
      json: { username: name, displayName: 'Somebody' },
    });
    if (status !== 200) throw new Error(`the profile was not written: ${text}`);
    return user;
  }

  asks({ url, status }: Visited): 'login' | 'consent' | null {
    const [, page] = /^\/(login|consent)\//.exec(new URL(url).pathname) ?? [];
    return status === 200 ? ((page as 'login' | 'consent' | undefined) ?? null) : null;
  }

  /** Whoever is signed in already is asked for the password alone. */
  signIn(browser: Browse, { email, password }: Person): Promise<Visited> {
    const forms = formsOf(browser.page?.html ?? '');
    const again = forms.findIndex(({ action }) => action.endsWith('/confirm'));
    return again < 0 ? browser.submit({ email, password }) : browser.submit({ password }, again);
  }

  allow(browser: Browse): Promise<Visited> {
    return browser.submit({ decision: 'allow' });
  }

  refuse(browser: Browse): Promise<Visited> {
    return browser.submit({ decision: 'cancel' });
  }

  /** The process looks at its clock, which goes forward; the database at the times in rows, which go back. */
  async pass(seconds: number): Promise<void> {
    this.clock.forward(seconds);
    await this.app.db.query(
      `UPDATE oauth_artifacts SET expires_at = expires_at - make_interval(secs => $1),
         consumed_at = consumed_at - make_interval(secs => $1)`,
      [seconds],
    );
  }

  async rotateKeys(): Promise<void> {
    const before = await publishedKids(this.app.call, 'RS256');
    const { code, stderr } = await runCommand('keys', ['rotate', '--algorithm', 'RS256'], this.app.settings);
    if (code !== 0) throw new Error(stderr);
    await until(async () => (await publishedKids(this.app.call, 'RS256')).length > before.length, FOLLOW_MS);
  }

  async stop(): Promise<void> {
    this.clock.restore();
    await this.app.stop();
  }
}
