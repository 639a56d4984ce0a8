import { Problem } from '../errors/problem.js';
import { isAddress, isText } from '../security/fields.js';

/** What ties an answer to the question it was asked for: RFC 9700 section 2.1, OpenID Connect Core section 3.1.2.1, RFC 7636. */
export interface FlowSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Whom a provider says somebody is. */
export interface OutsideIdentity {
  /** At this provider, for good. */
  readonly subject: string;
  readonly email: string | null;
  /** Whether the provider says that the address is this person's. */
  readonly emailVerified: boolean;
  readonly displayName: string | null;
  /** When they were last asked who they are, in seconds since the epoch; null where the provider does not say. */
  readonly authenticatedAt: number | null;
}

/** Whoever was asked did not want to sign in there: they choose again. */
export class SignInDeclined extends Error {}

/** Somebody else who can say who a person is. */
export interface OutsideProvider {
  readonly name: string;
  readonly label: string;
  readonly issuer: string;
  /** Where the browser goes; `isFresh` asks that whoever is signed in there shows it anew. Throws 503 `provider_unavailable`. */
  authorizationUrl(secrets: FlowSecrets, isFresh: boolean): Promise<URL>;
  /** Who came back, at our own address and with the answer in its query. Throws 400 `outside_login_invalid`, 503 `provider_unavailable`, and SignInDeclined. */
  identityOf(callback: URL, secrets: FlowSecrets): Promise<OutsideIdentity>;
}

const LONGEST_SUBJECT = 255;

interface Claims {
  readonly subject: unknown;
  readonly email: unknown;
  readonly emailVerified: unknown;
  readonly name: unknown;
  readonly authenticatedAt?: unknown;
}

/** The claims of a provider as far as they can be stored. Verified is what is `true`, and no text that reads like it. */
export function identityFrom({ subject, email, emailVerified, name, authenticatedAt }: Claims): OutsideIdentity {
  if (!isText(subject, 1, LONGEST_SUBJECT)) throw new Problem('outside_login_invalid');
  const displayName = typeof name === 'string' ? name.trim() : '';
  return {
    subject,
    email: isAddress(email) ? (email as string) : null,
    emailVerified: emailVerified === true,
    displayName: isText(displayName, 1, 100) ? displayName : null,
    authenticatedAt: Number.isSafeInteger(authenticatedAt) ? Number(authenticatedAt) : null,
  };
}
