import type { Browse, Visited } from './browse.js';
import { startBare } from './oidf-bare.js';
import { startOurs } from './oidf-ours.js';

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** What a module needs of a client. */
export interface Wish {
  readonly method?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';
  readonly redirectUris?: readonly string[];
  readonly jwks?: { readonly keys: readonly object[] };
  /** Registered as the FAPI 2.0 Security Profile demands: requests are pushed, tokens are bound to a key. */
  readonly isFapi?: boolean;
}

export interface Registered {
  readonly id: string;
  readonly secret: string | undefined;
}

/** An authorization server as the modules see it, with what the people and operators of the suite do by hand. */
export interface OidfServer {
  readonly issuer: string;
  readonly origin: string;
  /** Whether its pages know how strongly somebody has signed in. */
  readonly tellsLevels: boolean;
  /** Rejects where the server refuses such a client. */
  register(wish: Wish): Promise<Registered>;
  replaceKeys(client: Registered, jwks: { readonly keys: readonly object[] }): Promise<void>;
  person(): Promise<Person>;
  /** What a page asks of a person; null for any other page. */
  asks(page: Visited): 'login' | 'consent' | null;
  signIn(browser: Browse, person: Person): Promise<Visited>;
  allow(browser: Browse): Promise<Visited>;
  refuse(browser: Browse): Promise<Visited>;
  /** Lets so many seconds pass at once. */
  pass(seconds: number): Promise<void>;
  rotateKeys(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * With OIDF_AGAINST=bare the same modules run against the library as it is: what that one fails too is a fault of the test, or of
 * the library, and not of what stands around it here.
 */
export const startOidfServer = (): Promise<OidfServer> =>
  process.env['OIDF_AGAINST'] === 'bare' ? startBare() : startOurs();
