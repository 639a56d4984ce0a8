import type { Configuration } from 'openid-client';
import type { OutsideProviderSettings } from '../config/outside-providers.js';
import { Problem } from '../errors/problem.js';
import { askForCode, authenticationOf, problemOf, redeemCode, type Tokens } from './authorization-code.js';
import { boundedFetch, TIMEOUT } from './bounded-fetch.js';
import { clientLibrary } from './library.js';
import { type FlowSecrets, identityFrom, type OutsideIdentity, type OutsideProvider } from './outside-provider.js';

/** What a provider says of itself is asked again after that. Its keys are read again by the library when it meets one it does not know. */
const REFRESH_MS = 3_600_000;

const ANEW = { prompt: 'login', max_age: '0' };

interface Profile {
  readonly email?: unknown;
  readonly email_verified?: unknown;
  readonly name?: unknown;
}

/** Any provider of OpenID Connect, as its discovery document says. */
export class OpenIdProvider implements OutsideProvider {
  readonly name: string;
  readonly label: string;
  readonly issuer: string;
  private config: Promise<Configuration> | undefined;
  private readAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly settings: OutsideProviderSettings,
    private readonly redirectUri: string,
  ) {
    ({ name: this.name, label: this.label, issuer: this.issuer } = settings);
  }

  async authorizationUrl(secrets: FlowSecrets, isFresh: boolean): Promise<URL> {
    const url = await askForCode(await this.configuration(), this.redirectUri, this.settings, secrets);
    // Core section 3.1.2.1. With an age asked for, the ID token says when it was.
    if (isFresh) for (const [name, value] of Object.entries(ANEW)) url.searchParams.set(name, value);
    return url;
  }

  async identityOf(callback: URL, secrets: FlowSecrets): Promise<OutsideIdentity> {
    const config = await this.configuration();
    const tokens = await redeemCode(config, callback, secrets);
    const claims = tokens.claims();
    if (!claims) throw new Problem('outside_login_invalid');
    const { email, email_verified: emailVerified, name } = await this.profileOf(config, tokens, claims);
    return identityFrom({ subject: claims.sub, email, emailVerified, name, authenticatedAt: claims.auth_time });
  }

  /** Some say the address in the ID token, others where they are asked with the access token (Core section 5.4). */
  private async profileOf(config: Configuration, tokens: Tokens, claims: Profile & { sub: string }): Promise<Profile> {
    const isAsked = this.settings.scopes.includes('email') && claims.email === undefined;
    if (!isAsked || config.serverMetadata().userinfo_endpoint === undefined) return claims;
    const library = await clientLibrary();
    return library.fetchUserInfo(config, tokens.access_token, claims.sub).catch((error: unknown) => {
      throw problemOf(error);
    });
  }

  /** Asked once for all who wait. A failure is not remembered, and what was known before is known still: the next one asks again. */
  private configuration(): Promise<Configuration> {
    const before = this.config;
    if (before && performance.now() - this.readAt < REFRESH_MS) return before;
    const discovered: Promise<Configuration> = this.discover().catch((cause: unknown) => {
      this.readAt = Number.NEGATIVE_INFINITY;
      this.config = before;
      if (before) return before;
      throw new Problem('provider_unavailable', { cause });
    });
    this.readAt = performance.now();
    this.config = discovered;
    return discovered;
  }

  private async discover(): Promise<Configuration> {
    const library = await clientLibrary();
    const { clientId, issuer } = this.settings;
    const config = await library.discovery(new URL(issuer), clientId, {}, authenticationOf(library, this.settings), {
      timeout: TIMEOUT,
      [library.customFetch]: boundedFetch,
      execute: issuer.startsWith('http:') ? [library.allowInsecureRequests] : [],
    });
    // The library would trust the connection alone (Core section 3.1.3.7): with this it verifies signatures too.
    library.enableNonRepudiationChecks(config);
    return config;
  }
}
