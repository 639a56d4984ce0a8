import type { Configuration } from 'openid-client';
import type { OutsideProviderSettings } from '../config/outside-providers.js';
import { PRODUCT } from '../config/product.js';
import { Problem } from '../errors/problem.js';
import { askForCode, authenticationOf, redeemCode } from './authorization-code.js';
import { boundedFetch, TIMEOUT } from './bounded-fetch.js';
import { clientLibrary } from './library.js';
import type { FlowSecrets, OutsideIdentity, OutsideProvider } from './outside-provider.js';

/** Reads something of whoever has signed in. */
export type Read = (path: string, parameters?: Readonly<Record<string, string>>) => Promise<unknown>;

/** What differs between those who speak OAuth 2.0 and no OpenID Connect. */
export interface Dialect {
  authorizationEndpoint(settings: OutsideProviderSettings): string;
  tokenEndpoint(settings: OutsideProviderSettings): string;
  identity(read: Read, accessToken: string, settings: OutsideProviderSettings): Promise<OutsideIdentity>;
}

/** A provider with an API of its own in place of ID tokens. Its token comes from it directly, and is used for that question alone. */
export class PlainProvider implements OutsideProvider {
  readonly name: string;
  readonly label: string;
  readonly issuer: string;

  constructor(
    private readonly settings: OutsideProviderSettings,
    private readonly redirectUri: string,
    private readonly dialect: Dialect,
  ) {
    ({ name: this.name, label: this.label, issuer: this.issuer } = settings);
  }

  async authorizationUrl(secrets: FlowSecrets): Promise<URL> {
    return askForCode(await this.configuration(), this.redirectUri, this.settings, { ...secrets, nonce: null });
  }

  async identityOf(callback: URL, secrets: FlowSecrets): Promise<OutsideIdentity> {
    const config = await this.configuration();
    const { access_token: token } = await redeemCode(config, callback, { ...secrets, nonce: null });
    return this.dialect.identity(
      (path, parameters = {}) => this.read(config, token, path, parameters),
      token,
      this.settings,
    );
  }

  private async read(
    config: Configuration,
    token: string,
    path: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<unknown> {
    const { fetchProtectedResource } = await clientLibrary();
    const url = new URL(`${this.settings.apiUrl}${path}`);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    const headers = new Headers({ accept: 'application/json', 'user-agent': PRODUCT });
    try {
      const response = await fetchProtectedResource(config, token, url, 'GET', null, headers);
      if (response.status !== 200) throw new Error(`the provider answered ${response.status}`);
      return await response.json();
    } catch (cause) {
      // Whoever has given the token takes it, or does not do what we were told it does: nothing that a person could mend.
      throw new Problem('provider_unavailable', { cause });
    }
  }

  /** Nothing is asked for it, so that nothing is remembered. */
  private async configuration(): Promise<Configuration> {
    const library = await clientLibrary();
    const server = {
      issuer: this.issuer,
      authorization_endpoint: this.dialect.authorizationEndpoint(this.settings),
      token_endpoint: this.dialect.tokenEndpoint(this.settings),
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    };
    const authentication = authenticationOf(library, this.settings);
    const config = new library.Configuration(server, this.settings.clientId, {}, authentication);
    config.timeout = TIMEOUT;
    config[library.customFetch] = boundedFetch;
    if (this.issuer.startsWith('http:')) library.allowInsecureRequests(config);
    return config;
  }
}
