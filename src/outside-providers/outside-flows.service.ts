import { Inject, Injectable } from '@nestjs/common';
import type { ConfigOf } from '../config/namespace.js';
import { outsideProvidersConfig } from '../config/outside-providers.config.js';
import { Problem } from '../errors/problem.js';
import { cookieOf, OUTSIDE_COOKIE, setCookie } from '../security/cookies.js';
import { newOpaqueToken } from '../security/opaque-token.js';
import type { Caller } from '../security/principal.js';
import { deriveKey, Sealer } from '../security/sealing.js';
import { UsedProofs } from '../security/used-proofs.js';
import { loginPath, type Visit } from '../security/visit.js';
import { type FlowSecrets, type OutsideIdentity, SignInDeclined } from './outside-provider.js';
import { OutsideProviders, PROVIDERS_PATH } from './outside-providers.service.js';

/** How long somebody may take to sign in there, and then to come to our own page, in seconds. */
const BEGUN_SECONDS = 600;
const PROVED_SECONDS = 60;

/** What somebody was sent away for: to sign in, for an application that waits or for none, or to link an account in their session. */
interface Purpose {
  readonly provider: string;
  readonly interaction: string | null;
  readonly linking: { readonly userId: string; readonly sessionId: string } | null;
}

type Begun = Purpose & FlowSecrets;

/** Who came back. */
export type Proved = Purpose & { readonly identity: OutsideIdentity; readonly id: string };

/**
 * Between the moment somebody is sent to a provider and the one they are back on our pages. What has begun is in a cookie that only we
 * can read and that no other browser has (RFC 9700 sections 2.1 and 4.7); each step counts once, on whatever instance.
 */
@Injectable()
export class OutsideFlows {
  private readonly sealer: Sealer;
  private readonly publicUrl: string;

  constructor(
    private readonly providers: OutsideProviders,
    private readonly used: UsedProofs,
    @Inject(outsideProvidersConfig.KEY) { secretKey, publicUrl }: ConfigOf<typeof outsideProvidersConfig>,
  ) {
    this.sealer = new Sealer(deriveKey(secretKey, 'sign-in with others'));
    this.publicUrl = publicUrl;
  }

  /** Where the browser goes to sign in, or to show anew who is signed in. Throws 404, and 503 `provider_unavailable`. */
  begin(visit: Visit, name: string, interaction: string | null, isFresh: boolean): Promise<URL> {
    return this.leave(visit, { provider: name, interaction, linking: null }, isFresh);
  }

  /** The same to link an account to that of whoever is signed in here. */
  beginLink(visit: Visit, name: string, { subject: userId, credentialId: sessionId }: Caller): Promise<URL> {
    return this.leave(visit, { provider: name, interaction: null, linking: { userId, sessionId } }, false);
  }

  /**
   * Finds out who came back, and where on our pages they go on. Throws 400 `outside_login_invalid` for what did not begin in this
   * browser, with this provider, or is over or was answered before; 404 and 503 `provider_unavailable`.
   */
  async arrive(visit: Visit, name: string): Promise<string> {
    const provider = this.providers.get(name);
    const begun = this.open(visit, 'begun') as Begun | null;
    const query = visit.request.url.slice(visit.request.url.indexOf('?') + 1);
    // Another answer than the one that is awaited ends nothing: the right one may still come.
    if (begun?.provider !== name || new URLSearchParams(query).get('state') !== begun.state) throw refused();
    await this.count('begun', begun.state, BEGUN_SECONDS);
    const { interaction, linking } = begun;
    try {
      // By the address that it was given, whatever Host this request has.
      const callback = new URL(`${this.publicUrl}${PROVIDERS_PATH}/${name}/callback?${query}`);
      const identity = await provider.identityOf(callback, begun);
      this.keep(visit, 'proved', { provider: name, interaction, linking, identity, id: newId() }, PROVED_SECONDS);
      return linking ? '/account/providers/finish' : `${loginPath(interaction)}/outside`;
    } catch (error) {
      setCookie(visit.reply, OUTSIDE_COOKIE, '', 0);
      if (!(error instanceof SignInDeclined)) throw error;
      return linking ? '/account' : loginPath(interaction);
    }
  }

  /** Who has come back to sign in, once. Throws 400 `outside_login_invalid`. */
  async takeSignIn(visit: Visit): Promise<Proved> {
    return this.take(visit, ({ linking, interaction }) => linking === null && interaction === visit.interaction);
  }

  /** What has come back to be linked, once, for whoever began it and is still signed in. Throws 400 `outside_login_invalid`. */
  async takeLink(visit: Visit, { subject, credentialId }: Caller): Promise<Proved> {
    return this.take(visit, ({ linking }) => linking?.userId === subject && linking.sessionId === credentialId);
  }

  private async leave(visit: Visit, purpose: Purpose, isFresh: boolean): Promise<URL> {
    const provider = this.providers.get(purpose.provider);
    const secrets: FlowSecrets = { state: newId(), nonce: newId(), verifier: newId() };
    const url = await provider.authorizationUrl(secrets, isFresh);
    this.keep(visit, 'begun', { ...purpose, ...secrets }, BEGUN_SECONDS);
    return url;
  }

  private async take(visit: Visit, isMeant: (proved: Proved) => boolean): Promise<Proved> {
    const proved = this.open(visit, 'proved') as Proved | null;
    if (!proved || !isMeant(proved)) throw refused();
    await this.count('proved', proved.id, PROVED_SECONDS);
    setCookie(visit.reply, OUTSIDE_COOKIE, '', 0);
    return proved;
  }

  /** Of N at once one is let through: a code is only sent once, and a person signed in once by it. */
  private async count(step: string, id: string, seconds: number): Promise<void> {
    if (!(await this.used.take(`outside ${step}`, id, seconds))) throw refused();
  }

  private keep(visit: Visit, step: string, flow: Begun | Proved, seconds: number): void {
    const text = JSON.stringify({ flow, until: Date.now() + seconds * 1000 });
    setCookie(visit.reply, OUTSIDE_COOKIE, this.sealer.seal(Buffer.from(text), step).toString('base64url'), seconds);
  }

  private open(visit: Visit, step: string): Begun | Proved | null {
    const cookie = cookieOf(visit.request, OUTSIDE_COOKIE);
    if (!cookie) return null;
    try {
      const text = this.sealer.open(Buffer.from(cookie, 'base64url'), step).toString('utf8');
      const { flow, until } = JSON.parse(text) as { flow: Begun | Proved; until: number };
      return Date.now() < until ? flow : null;
    } catch {
      return null;
    }
  }
}

/** 256 random bits; as a verifier of RFC 7636 43 characters. */
const newId = (): string => newOpaqueToken().token;

const refused = (): Problem => new Problem('outside_login_invalid');
